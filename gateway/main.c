/* SPDX-License-Identifier: Apache-2.0 */
/* The program's entry; a placeholder until the command line comes. */
#include "config.h"

#include <stdio.h>

int
main(void)
{
    return puts(PACKAGE_STRING) == EOF;
}
