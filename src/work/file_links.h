#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/duration.h"
#include "base/json.h"
#include "base/result.h"
#include "work/managed.h"

namespace ittybit::work {

/// Makes and judges the addresses of managed files. Signed ones end: `/files/<id>~<expires>~<mac>/
/// <name>`, where `expires` is in Unix seconds and `mac` the first 128 bits of an HMAC-SHA256 of
/// both, so that what a playlist names, relative to its own address, is signed with it. They are
/// stored unsigned, and signed in every answer. Immutable, so any thread may use it.
class FileLinks {
public:
    /// Addresses that hold for ever.
    FileLinks() = default;
    /// Signed with the first key and taken with each of them; they hold for `lasts`, or up to an
    /// eighth less: an answer that is read again soon has the same ones.
    FileLinks(std::vector<std::string> keys, Duration lasts)
        : keys_(std::move(keys)), lasts_s_(lasts.ms / 1000) {}

    bool are_signed() const { return !keys_.empty(); }

    std::string url(std::string_view base, const ManagedName& file, UnixMillis now) const;

    /// The address of a managed file, signed anew; any other as it is.
    std::string renewed(const std::string& url, UnixMillis now) const;

    /// The same for all addresses of outputs in a job or task as JSON; for those of inputs, and of
    /// an external_file, where they were signed by us: others may be another server's.
    void renew(json::object& thing, UnixMillis now) const;

    /// What the piece of a path behind /files/ permits.
    struct Permission {
        std::string id;
        std::optional<std::int64_t> expires_s = {};  // Unix seconds; nothing: never
    };
    /// Errors: `token_invalid`: a signature that is missing, wrong or has expired.
    Result<Permission> judge(std::string_view piece, UnixMillis now) const;

private:
    std::string mac_of(const std::string& key, std::string_view id, std::int64_t expires_s) const;
    bool is_right(std::string_view mac, std::string_view id, std::int64_t expires_s) const;
    void renew_task(json::object& task, UnixMillis now) const;
    void renew_input(json::object& of, std::string_view name, UnixMillis now) const;
    void renew_output(json::object& of, std::string_view name, UnixMillis now) const;

    std::vector<std::string> keys_;
    std::int64_t lasts_s_ = 0;
};

}  // namespace ittybit::work
