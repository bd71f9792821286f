/* A dialled connection against a listener of this process. */
#include "dial.h"
#include "test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int listen_somewhere(int *ret_port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(fd >= 0);
    CHECK_EQ(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    CHECK_EQ(listen(fd, 4), 0);
    CHECK_EQ(getsockname(fd, (struct sockaddr *)&at, &size), 0);
    *ret_port = ntohs(at.sin_port);
    return fd;
}

TEST(bytes_go_both_ways_and_waiting_ends)
{
    int port;
    int listener = listen_somewhere(&port);
    wr_dial *dial;
    char bytes[8] = "";
    CHECK_OK(wr_dial_open("localhost", port, 5000, &dial));
    int peer = accept(listener, NULL, NULL);
    CHECK(peer >= 0);
    CHECK_OK(wr_dial_write(dial, "hello", 5, 5000));
    CHECK_EQ(recv(peer, bytes, 5, MSG_WAITALL), 5);
    CHECK_EQ(memcmp(bytes, "hello", 5), 0);
    CHECK_EQ(send(peer, "hi", 2, 0), 2);
    CHECK_EQ(wr_dial_read(dial, bytes, 3, 1), WEIR_E_TIMEOUT); /* one more than there is */
    CHECK_EQ(send(peer, "all", 3, 0), 3);
    CHECK_OK(wr_dial_read(dial, bytes, 3, 5000));
    CHECK_EQ(memcmp(bytes, "all", 3), 0);
    close(peer);
    CHECK_EQ(wr_dial_read(dial, bytes, 1, 5000), WEIR_E_CLOSED);
    wr_dial_close(dial);
    wr_dial_close(NULL);
    close(listener);
}

TEST(nobody_there_is_unreachable)
{
    int port;
    wr_dial *dial;
    close(listen_somewhere(&port));
    CHECK_EQ(wr_dial_open("127.0.0.1", port, 5000, &dial), WEIR_E_UNREACHABLE);
    CHECK_EQ(wr_dial_open("no-such-host.invalid", port, 5000, &dial), WEIR_E_UNREACHABLE);
    CHECK_EQ(wr_dial_open("127.0.0.1", 0, 5000, &dial), WEIR_E_USAGE);
}
