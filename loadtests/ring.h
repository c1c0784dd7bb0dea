/* Sends by io_uring: a batch of them is one system call. Sockets are registered once, so that none is looked up again. */
#include <linux/io_uring.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#define BATCH 256

static int ring;
static struct io_uring_params params;
static struct io_uring_sqe *entries;
static struct io_uring_cqe *completions;
static _Atomic unsigned *sq_tail, *cq_head, *cq_tail;
static unsigned *sq_array, sq_mask, cq_mask;

static int prepare(const int *sockets, int count) {
  params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
  ring = syscall(__NR_io_uring_setup, BATCH, &params);
  if (ring < 0) return 1;
  size_t sq_size = params.sq_off.array + params.sq_entries * sizeof(unsigned);
  size_t cq_size = params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe);
  size_t size = sq_size > cq_size ? sq_size : cq_size;
  char *queue = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQ_RING);
  entries = mmap(NULL, params.sq_entries * sizeof *entries, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring,
                 IORING_OFF_SQES);
  if (queue == MAP_FAILED || entries == MAP_FAILED) return 1;
  sq_tail = (_Atomic unsigned *)(queue + params.sq_off.tail);
  sq_mask = *(unsigned *)(queue + params.sq_off.ring_mask);
  sq_array = (unsigned *)(queue + params.sq_off.array);
  cq_head = (_Atomic unsigned *)(queue + params.cq_off.head);
  cq_tail = (_Atomic unsigned *)(queue + params.cq_off.tail);
  cq_mask = *(unsigned *)(queue + params.cq_off.ring_mask);
  completions = (struct io_uring_cqe *)(queue + params.cq_off.cqes);
  return count && syscall(__NR_io_uring_register, ring, IORING_REGISTER_FILES, sockets, count) < 0;
}

static int send_all(const int *sockets, int count, const char *frame, int size) {
  (void)sockets;
  for (int done = 0; done < count;) {
    int batch = count - done < BATCH ? count - done : BATCH;
    unsigned tail = atomic_load_explicit(sq_tail, memory_order_relaxed);
    for (int i = 0; i < batch; i++, tail++) {
      unsigned place = tail & sq_mask;
      entries[place] = (struct io_uring_sqe){
          .opcode = IORING_OP_SEND,
          .flags = IOSQE_FIXED_FILE,
          .fd = done + i,
          .addr = (unsigned long)frame,
          .len = size,
          .msg_flags = MSG_NOSIGNAL,
      };
      sq_array[place] = place;
    }
    atomic_store_explicit(sq_tail, tail, memory_order_release);
    if (syscall(__NR_io_uring_enter, ring, batch, batch, IORING_ENTER_GETEVENTS, NULL, 0) != batch) return 1;
    unsigned head = atomic_load_explicit(cq_head, memory_order_relaxed);
    for (; head != atomic_load_explicit(cq_tail, memory_order_acquire); head++, done++)
      if (completions[head & cq_mask].res != size) return 1;
    atomic_store_explicit(cq_head, head, memory_order_release);
  }
  return 0;
}
