/* The floor: one prebuilt frame sent to every connection by a bare loop of send(); with -DURING, by io_uring in batches.
 * The payload begins with the number of its round in eight hexadecimal digits.
 *
 * usage: floor CONNECTIONS FRAME_BYTES; prints its port, accepts so many, answers each request with a handshake's head,
 * then reads lines "ROUNDS PER_SECOND" and prints for each the CPU nanoseconds that the rounds took, user and system.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#ifdef URING
#include "ring.h"
#else
static int prepare(const int *sockets, int count) { return sockets == NULL || count < 0; }

static int send_all(const int *sockets, int count, const char *frame, int size) {
  for (int i = 0; i < count; i++)
    if (send(sockets[i], frame, size, MSG_NOSIGNAL) != size) return 1;
  return 0;
}
#endif

static long long now_ns(clockid_t clock) {
  struct timespec at;
  clock_gettime(clock, &at);
  return at.tv_sec * 1000000000LL + at.tv_nsec;
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  int count = atoi(argv[1]), size = atoi(argv[2]);
  int *sockets = calloc(count, sizeof *sockets);
  char *frame = malloc(size);
  memset(frame, 'x', size);
  frame[0] = (char)0x82;
  frame[1] = (char)(size - 2);
  if (size < 10) return 2;
  char number[9];
  unsigned total = 0;

  int listener = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  if (bind(listener, (struct sockaddr *)&address, length) || listen(listener, 4096)) return 1;
  getsockname(listener, (struct sockaddr *)&address, &length);
  printf("%d\n", ntohs(address.sin_port));
  fflush(stdout);

  static const char head[] = "HTTP/1.1 101 Switching Protocols\r\n\r\n";
  char request[4096];
  for (int i = 0; i < count; i++) {
    sockets[i] = accept(listener, NULL, NULL);
    if (sockets[i] < 0) return 1;
    setsockopt(sockets[i], IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (recv(sockets[i], request, sizeof request, 0) <= 0) return 1;
    if (send(sockets[i], head, sizeof head - 1, 0) < 0) return 1;
  }
  if (prepare(sockets, count)) return 1;
  char line[64];
  while (fgets(line, sizeof line, stdin)) {
    double per_second;
    int rounds;
    if (sscanf(line, "%d %lf", &rounds, &per_second) != 2) return 2;
    long long started = now_ns(CLOCK_MONOTONIC), cpu = now_ns(CLOCK_PROCESS_CPUTIME_ID);
    for (int round = 0; round < rounds; round++) {
      snprintf(number, sizeof number, "%08x", total++);
      memcpy(frame + 2, number, 8);
      if (send_all(sockets, count, frame, size)) return 1;
      long long due = started + (long long)((round + 1) * 1e9 / per_second);
      struct timespec until = {.tv_sec = due / 1000000000LL, .tv_nsec = due % 1000000000LL};
      clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
    }
    printf("%lld\n", now_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu);
    fflush(stdout);
  }
  return 0;
}
