#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "model/connection.h"
#include "storage/s3_account.h"

namespace ittybit::cli {

/// The S3 connections of whoever works without a server: `~/.ittybit/connections.json`, mode 0600,
/// secrets in clear as in the files of AWS.
class ConnectionsFile {
public:
    /// None when there is no file. Errors: `invalid_request`, when it is not understood.
    static Result<ConnectionsFile> read();

    const std::vector<ConnectionRequest>& all() const { return connections_; }
    const ConnectionRequest* find(const std::string& name) const;
    /// The default one, or the only one.
    const ConnectionRequest* find_default() const;

    /// Both save at once. Errors: `connection_exists`, `connection_not_found`, `unavailable`.
    Result<> add(ConnectionRequest connection);
    Result<> remove(const std::string& name);

private:
    Result<> save() const;

    std::vector<ConnectionRequest> connections_;
};

/// The keys for s3:// on this machine: the connection of this name; without a name the file's
/// default or only one, else what AWS_* and the files of AWS say. Errors: `connection_required`.
Result<storage::S3Account> choose_account(
    const std::string& name, const storage::Environment& environment
);

}  // namespace ittybit::cli
