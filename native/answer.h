/* What a server says, judged before libchirp sees it; see answer.c. */
#ifndef ANSWER_H
#define ANSWER_H

#include <stdbool.h>
#include <stdint.h>

#define ANY_LENGTH -1

/* The next line comes from the authentication, until expect_answer. */
void expect_authentication(void);

/* The next line is the first of an answer: one number. */
void expect_answer(void);

/* Data of more than read_limit bytes is refused (EPROTO), and so is an answer other than `length` (ESTALE) unless it is ANY_LENGTH. */
void limit_answers(int64_t read_limit, int64_t length);

/* Was the last number an error? */
bool server_answered_error(void);

#endif
