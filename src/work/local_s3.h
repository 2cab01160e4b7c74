#pragma once

#include <string>

#include "net/client.h"
#include "storage/s3_account.h"

namespace ittybit::work {

/// S3 as one reaches it who works on this machine with keys of their own.
struct LocalS3 {
    LocalS3(storage::S3Account keys, std::string ca_file)
        : account(std::move(keys)),
          client({.policy = net::AddressPolicy::typed_by_user(), .ca_file = std::move(ca_file)}) {}

    storage::S3Account account;
    net::Client client;
};

}  // namespace ittybit::work
