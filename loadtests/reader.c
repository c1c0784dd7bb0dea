/* Reads many sockets for the swarm: what arrived, on which, and when. Compiled as a shared library. */
#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

enum { EVENTS = 512, PIECE = 1 << 16, WRITABLE = -2 };

static long long now_ns(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return at.tv_sec * 1000000000LL + at.tv_nsec;
}

/* Wait at most `timeout_ms` for something to arrive, then take all there is until that time has passed. Once more than
 * `many` pieces came in one go, look on for `linger_ns` after the last, without sleeping: who sends to thousands is not to
 * pay for waking the reader again and again.
 *
 * For each piece: its descriptor, its size (0 at the end, -1 after an error, -2 if the socket can be written to), when it
 * was read, and where it is in `arena`. Returns how many there are. */
int drain(int epoll, int timeout_ms, int many, long long linger_ns, int most, long long *fds, long long *sizes,
          long long *times, long long *places, char *arena, long long arena_size) {
  struct epoll_event events[EVENTS];
  long long used = 0, last = now_ns(), until = last + timeout_ms * 1000000LL;
  int count = 0;
  for (;;) {
    int room = most - count < EVENTS ? most - count : EVENTS;
    long long fit = (arena_size - used) / PIECE;
    if (fit < room) room = (int)fit;
    if (room <= 0) return count;
    int found = epoll_wait(epoll, events, room, count ? 0 : timeout_ms);
    if (found < 0 && errno != EINTR) return -errno;
    if (found <= 0 && (count <= many || now_ns() - last > linger_ns)) return count;
    /* What is left is found again. */
    if (count && now_ns() > until) return count;
    int whole = 1;
    for (int i = 0; i < found; i++, count++) {
      fds[count] = events[i].data.fd;
      places[count] = used;
      if (events[i].events & EPOLLOUT) {
        sizes[count] = WRITABLE;
      } else {
        sizes[count] = recv(events[i].data.fd, arena + used, PIECE, MSG_DONTWAIT);
        if (sizes[count] > 0) used += sizes[count];
      }
      times[count] = last = now_ns();
      whole = whole && sizes[count] > 0;
    }
    /* An end and a connection made are dealt with before the same socket is looked at again. */
    if (!whole) return count;
  }
}
