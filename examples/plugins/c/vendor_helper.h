/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef VENDOR_HELPER_H
#define VENDOR_HELPER_H

/* Who holds a device: a record beside it. All return 0 if it worked, or an errno. */
int vendor_claim(const char *device, const char *owner);
int vendor_disclaim(const char *device, const char *owner);

/* Since version 4. 1: this owner holds it, 0: nobody or another one does, negative: an errno. */
int vendor_is_claimed(const char *device, const char *owner);

#endif
