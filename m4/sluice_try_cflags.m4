dnl SPDX-License-Identifier: Apache-2.0
dnl
dnl SLUICE_TRY_CFLAGS(VARIABLE, FLAGS): append those the compiler takes
AC_DEFUN([SLUICE_TRY_CFLAGS], [
    for flag in $2; do
        AC_MSG_CHECKING([whether $CC takes $flag])
        sluice_saved_CFLAGS=$CFLAGS
        CFLAGS="$CFLAGS -Werror $flag"
        AC_COMPILE_IFELSE([AC_LANG_PROGRAM([])],
            [$1="$$1 $flag"; AC_MSG_RESULT([yes])],
            [AC_MSG_RESULT([no])])
        CFLAGS=$sluice_saved_CFLAGS
    done
])
