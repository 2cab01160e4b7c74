#pragma once

#include "api/service.h"

namespace ittybit::api {

/// Puts the pieces of an upload together, all of whose bytes are there. One does it at a time,
/// whichever server is asked. Whether it is a file now: false while another is at it. Errors:
/// `file_not_found` (it was given up meanwhile), those of the storage.
Result<bool> join_pieces(Service& service, const store::ResumableUpload& upload);

}  // namespace ittybit::api
