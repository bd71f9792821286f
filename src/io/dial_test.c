/* A dialled connection against a listener of this process. */
#include "dial.h"
#include "test.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
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

/* The resolver, as the linker finds it first: for one name it does not answer before the test lets it. */
#define SILENT "silent.invalid"
static struct resolver {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool may_answer;
    int asked, answered;
} resolver = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, 0, 0};

static void wait_in_resolver(void)
{
    pthread_mutex_lock(&resolver.lock);
    resolver.asked++;
    while (!resolver.may_answer)
        pthread_cond_wait(&resolver.changed, &resolver.lock);
    resolver.answered++;
    pthread_cond_broadcast(&resolver.changed);
    pthread_mutex_unlock(&resolver.lock);
}

int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **ret_first)
{
    static int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    bool is_silent = strcmp(host, SILENT) == 0 && !(hints->ai_flags & AI_NUMERICHOST);
    if (is_silent)
        wait_in_resolver();
    return real(is_silent ? "127.0.0.1" : host, service, hints, ret_first);
}

TEST(a_resolver_that_does_not_answer_holds_nobody_longer_than_the_timeout)
{
    wr_dial *dial = NULL;
    CHECK_EQ(wr_dial_open(SILENT, 9, 50, &dial), WEIR_E_TIMEOUT);
    CHECK(dial == NULL);
    pthread_mutex_lock(&resolver.lock);
    resolver.may_answer = true;
    pthread_cond_broadcast(&resolver.changed);
    while (resolver.answered < 1) /* and whoever was left behind ends, too */
        pthread_cond_wait(&resolver.changed, &resolver.lock);
    CHECK_EQ(resolver.asked, 1);
    pthread_mutex_unlock(&resolver.lock);

    int port, listener = listen_somewhere(&port);
    CHECK_OK(wr_dial_open(SILENT, port, 5000, &dial));
    wr_dial_close(dial);
    close(listener);
}
