#include "cli/connections_file.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "work/places.h"

namespace ittybit::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kShownPath = "~/.ittybit/connections.json";

std::string file_path() {
    const auto home = storage::process_environment()("HOME").value_or("");
    return fs::path(home) / ".ittybit" / "connections.json";
}

Error no_connection(const std::string& name) {
    return {
        ErrorKind::kConnectionNotFound,
        fmt::format("there is no connection {} in {}: see ittybit connections", name, kShownPath),
        "connection"
    };
}

}  // namespace

Result<ConnectionsFile> ConnectionsFile::read() {
    ConnectionsFile made;
    made.path_ = file_path();
    std::ifstream file(made.path_);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    if (text.empty()) return made;
    Reader reader;
    const auto document = parse_json(text);
    if (document) reader.read(*document, made.connections_);
    if (document && reader.problems().empty()) return made;
    const auto problem = document ? reader.problems().front().message : document.error().message;
    return Error{
        ErrorKind::kInvalidRequest, fmt::format("{} is not understood: {}", kShownPath, problem), ""
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

/// Whole or not at all: a crash must not leave half of somebody's keys.
Result<> ConnectionsFile::save() const {
    std::error_code code;
    fs::create_directories(fs::path(path_).parent_path(), code);
    const auto text = pretty_json(to_json(connections_));
    const auto fresh = path_ + ".new";
    ::unlink(fresh.c_str());
    const Fd file(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    const bool is_saved =
        file && std::cmp_equal(::write(file.get(), text.data(), text.size()), text.size()) &&
        ::fsync(file.get()) == 0 && std::rename(fresh.c_str(), path_.c_str()) == 0;
    if (is_saved) return {};
    return Error{ErrorKind::kUnavailable, fmt::format("{} cannot be written", kShownPath), ""};
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
