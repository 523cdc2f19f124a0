/* The client's side of authentication method "unix"; see unix_challenge.c. */
#ifndef UNIX_CHALLENGE_H
#define UNIX_CHALLENGE_H

/* Like libchirp's auth_*_register: 0 on failure. */
int unix_challenge_register(void);

#endif
