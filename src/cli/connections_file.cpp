#include "cli/connections_file.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "cli/private_file.h"
#include "work/places.h"

namespace ittybit::cli {
namespace {

const std::string kName = "connections.json";

Error no_connection(const std::string& name) {
    return {
        ErrorKind::kConnectionNotFound,
        fmt::format(
            "there is no connection {} in {}: see ittybit connections", name, shown_path(kName)
        ),
        "connection"
    };
}

}  // namespace

Result<ConnectionsFile> ConnectionsFile::read() {
    ConnectionsFile made;
    const auto text = TRY(read_private(kName));
    if (text.empty()) return made;
    Reader reader;
    const auto document = parse_json(text);
    if (document) reader.read(*document, made.connections_);
    if (document && reader.problems().empty()) return made;
    const auto problem = document ? reader.problems().front().message : document.error().message;
    return Error{
        ErrorKind::kInvalidRequest,
        fmt::format("{} is not understood: {}", shown_path(kName), problem), ""
    };
}

const ConnectionRequest* ConnectionsFile::find(const std::string& name) const {
    const auto found = std::ranges::find(connections_, name, &ConnectionRequest::name);
    return found == connections_.end() ? nullptr : &*found;
}

const ConnectionRequest* ConnectionsFile::find_default() const {
    const auto found = std::ranges::find(connections_, true, &ConnectionRequest::is_default);
    if (found != connections_.end()) return &*found;
    return connections_.size() == 1 ? &connections_.front() : nullptr;
}

Result<> ConnectionsFile::add(ConnectionRequest connection) {
    if (find(connection.name) != nullptr) {
        return Error{
            ErrorKind::kConnectionExists,
            fmt::format("a connection named {} exists already", connection.name), "name"
        };
    }
    if (connection.is_default) {
        for (auto& other : connections_) other.is_default = false;
    }
    connections_.push_back(std::move(connection));
    return save();
}

Result<> ConnectionsFile::remove(const std::string& name) {
    if (std::erase_if(connections_, [&](const auto& each) { return each.name == name; }) == 0) {
        return no_connection(name);
    }
    return save();
}

Result<> ConnectionsFile::save() const {
    return write_private(kName, pretty_json(to_json(connections_)));
}

Result<storage::S3Account> choose_account(
    const std::string& name, const storage::Environment& environment
) {
    const auto file = TRY(ConnectionsFile::read());
    const auto* chosen = name.empty() ? file.find_default() : file.find(name);
    if (chosen != nullptr) return work::account_of(*chosen);
    if (!name.empty()) {
        auto error = no_connection(name);
        error.kind = ErrorKind::kConnectionRequired;
        return error;
    }
    if (auto account = TRY(storage::account_from_environment(environment))) {
        return *std::move(account);
    }
    return Error{
        ErrorKind::kConnectionRequired,
        "s3:// needs keys: add a connection with ittybit connections add s3, or set "
        "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
        "connection"
    };
}

}  // namespace ittybit::cli
