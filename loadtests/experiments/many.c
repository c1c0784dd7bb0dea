/* One frame to many sockets by one call from Python: returns how many did not take all of it. */
#include <stddef.h>
#include <sys/socket.h>

int send_many(const int *sockets, int count, const char *frame, size_t size)
{
    int refused = 0;
    for (int i = 0; i < count; i++)
        if (send(sockets[i], frame, size, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)size)
            refused++;
    return refused;
}
