/* For ThreadSanitizer: the threads of C11 as those of POSIX.
 *
 * Debian's librdkafka starts its threads with thrd_create, of which ThreadSanitizer (GCC 12) knows nothing: the first call
 * it watches in such a thread is a segmentation fault, and the order that mtx_lock and cnd_wait make is not seen. Here
 * they are made of the calls it knows. glibc's types have the same shape, and its own functions do the same. */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <threads.h>

_Static_assert(sizeof(mtx_t) >= sizeof(pthread_mutex_t) && sizeof(cnd_t) >= sizeof(pthread_cond_t), "glibc's shapes");
_Static_assert(sizeof(thrd_t) == sizeof(pthread_t), "glibc's shapes");

#pragma GCC visibility push(default)

static int code_of(int os_error)
{
    switch (os_error) {
    case 0:
        return thrd_success;
    case ETIMEDOUT:
        return thrd_timedout;
    case EBUSY:
        return thrd_busy;
    case ENOMEM:
        return thrd_nomem;
    default:
        return thrd_error;
    }
}

typedef struct start {
    thrd_start_t run;
    void *user;
} start;

static void *run_thread(void *user)
{
    start it = *(start *)user;
    free(user);
    return (void *)(intptr_t)it.run(it.user);
}

int thrd_create(thrd_t *ret_thread, thrd_start_t run, void *user)
{
    start *it = malloc(sizeof *it);
    if (!it)
        return thrd_nomem;
    *it = (start){run, user};
    int os_error = pthread_create(ret_thread, NULL, run_thread, it);
    if (os_error != 0)
        free(it);
    return code_of(os_error);
}

int thrd_join(thrd_t thread, int *ret_result)
{
    void *result = NULL;
    int os_error = pthread_join(thread, &result);
    if (os_error == 0 && ret_result)
        *ret_result = (int)(intptr_t)result;
    return code_of(os_error);
}

int thrd_detach(thrd_t thread)
{
    return code_of(pthread_detach(thread));
}

int mtx_init(mtx_t *mutex, int type)
{
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, type & mtx_recursive ? PTHREAD_MUTEX_RECURSIVE : PTHREAD_MUTEX_NORMAL);
    int os_error = pthread_mutex_init((pthread_mutex_t *)mutex, &attributes);
    pthread_mutexattr_destroy(&attributes);
    return code_of(os_error);
}

void mtx_destroy(mtx_t *mutex)
{
    pthread_mutex_destroy((pthread_mutex_t *)mutex);
}

int mtx_lock(mtx_t *mutex)
{
    return code_of(pthread_mutex_lock((pthread_mutex_t *)mutex));
}

int mtx_trylock(mtx_t *mutex)
{
    return code_of(pthread_mutex_trylock((pthread_mutex_t *)mutex));
}

int mtx_unlock(mtx_t *mutex)
{
    return code_of(pthread_mutex_unlock((pthread_mutex_t *)mutex));
}

int cnd_init(cnd_t *condition)
{
    return code_of(pthread_cond_init((pthread_cond_t *)condition, NULL));
}

void cnd_destroy(cnd_t *condition)
{
    pthread_cond_destroy((pthread_cond_t *)condition);
}

int cnd_signal(cnd_t *condition)
{
    return code_of(pthread_cond_signal((pthread_cond_t *)condition));
}

int cnd_broadcast(cnd_t *condition)
{
    return code_of(pthread_cond_broadcast((pthread_cond_t *)condition));
}

int cnd_wait(cnd_t *condition, mtx_t *mutex)
{
    return code_of(pthread_cond_wait((pthread_cond_t *)condition, (pthread_mutex_t *)mutex));
}

int cnd_timedwait(cnd_t *restrict condition, mtx_t *restrict mutex, const struct timespec *restrict until)
{
    return code_of(pthread_cond_timedwait((pthread_cond_t *)condition, (pthread_mutex_t *)mutex, until));
}

#pragma GCC visibility pop
