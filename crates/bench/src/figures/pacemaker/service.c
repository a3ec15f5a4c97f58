/* The service: it claims its device through the vendor's library, and runs until it is told to end.
 *
 * It needs `vendor_is_claimed`, which the library has since version 4. On a node with version 3 it can be
 * looked at as much as one likes: only who starts it hears of it.
 */
#include "vendor_helper.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DEVICE "/opt/vendor/device"
#define OWNER "service"

int main(int count, char **arguments) {
    if (count != 2) return fprintf(stderr, "usage: service PIDFILE\n"), 2;
    int claimed = vendor_is_claimed(DEVICE, OWNER);
    int error = claimed > 0 ? 0 : claimed < 0 ? -claimed : vendor_claim(DEVICE, OWNER);
    if (error) return fprintf(stderr, "cannot claim %s: %s\n", DEVICE, strerror(error)), 1;

    sigset_t end;
    sigemptyset(&end);
    sigaddset(&end, SIGTERM);
    sigprocmask(SIG_BLOCK, &end, NULL);
    pid_t child = fork();
    if (child < 0) return perror("fork"), 1;
    if (child > 0) {
        FILE *file = fopen(arguments[1], "w");
        if (!file) return perror(arguments[1]), 1;
        fprintf(file, "%d\n", (int)child);
        return fclose(file) ? 1 : 0;
    }
    setsid();
    if (!freopen("/dev/null", "r", stdin) || !freopen("/dev/null", "w", stdout) ||
        !freopen("/dev/null", "w", stderr))
        return 1;
    int signal;
    sigwait(&end, &signal);
    return vendor_disclaim(DEVICE, OWNER) ? 1 : 0;
}
