#include <fmt/format.h>

#include "store/rows.h"
#include "store/side_tables.h"

namespace ittybit::store {
namespace {

/// Of an upload token at the time $2. A key may be revoked while its token is being given, or given
/// back; a service without keys gives them in nobody's name.
constexpr std::string_view kAllows =
    "expires_at > $2 AND (key_id = '' OR EXISTS (SELECT 1 FROM api_keys WHERE api_keys.id = "
    "upload_tokens.key_id))";

/// One bite of what was not used since `before`. What a job that is not final reads is in use, and
/// so is an upload that may be under way: it is kept for as long again. What somebody begins to use
/// meanwhile is left alone. (A bite's size is written out: where it is a parameter, PostgreSQL
/// plans for a tenth of the table.)
Result<int> expire_unused(
    Session& session, std::string_view role, UnixMillis before, UnixMillis now
) {
    constexpr UnixMillis kUploadTakes = 24LL * 60 * 60 * 1000;
    const auto rows = TRY(session.run(
        "SELECT id, is_ready, created_at FROM files WHERE role = $1 AND used_at < $2 "
        "ORDER BY used_at LIMIT 5",
        {std::string(role), before}
    ));
    for (const auto& row : rows) {
        const auto& id = row.text(0);
        const bool is_under_way = row.integer(1) == 0 && row.integer(2) >= now - kUploadTakes;
        const auto readers =
            TRY(session.run("SELECT 1 FROM job_files WHERE file_id = $1 LIMIT 1", {id}));
        if (is_under_way || !readers.empty()) {
            TRY(session.run(
                "UPDATE files SET used_at = $3 WHERE id = $1 AND used_at < $2", {id, before, now}
            ));
        } else {
            TRY(session.run(
                "UPDATE files SET is_ready = 0, role = 'garbage' WHERE id = $1 AND used_at < $2",
                {id, before}
            ));
        }
    }
    return static_cast<int>(rows.size());
}

}  // namespace

Result<void> FileTable::add(const FileRecord& file) {
    return database_.write([&](Session& session) -> Result<void> {
        TRY(session.run(
            "INSERT INTO files (id, job_id, role, name, is_ready, created_at, used_at) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7)",
            {file.id, value_of(file.job_id), file.role, file.name, std::int64_t{file.is_ready},
             file.created_at, file.used_at}
        ));
        return {};
    });
}

Result<std::optional<FileRecord>> FileTable::find(const std::string& id) {
    return reading(database_, [&](Session& session) -> Result<std::optional<FileRecord>> {
        std::optional<FileRecord> file;
        const auto rows =
            TRY(session.run(fmt::format("SELECT {} FROM files WHERE id = $1", kFileColumns), {id}));
        if (!rows.empty()) file = file_from(rows.front());
        return file;
    });
}

Result<void> FileTable::touch(const std::string& id, UnixMillis now) {
    return database_.write([&](Session& session) -> Result<void> {
        TRY(session.run("UPDATE files SET used_at = $2 WHERE id = $1", {id, now}));
        return {};
    });
}

Result<void> FileTable::make_ready(const std::string& id, std::int64_t size, UnixMillis now) {
    return database_.write([&](Session& session) -> Result<void> {
        const auto hit = TRY(session.run(
            "UPDATE files SET is_ready = 1, used_at = $2, size = $3 WHERE id = $1 AND "
            "role <> 'garbage' RETURNING id",
            {id, now, size}
        ));
        if (!hit.empty()) return {};
        return Error{
            ErrorKind::kFileNotFound, "it took longer than a day, and was given up meanwhile", ""
        };
    });
}

Result<int> FileTable::expire(UnixMillis uploads, UnixMillis outputs, UnixMillis now) {
    return tidying(database_, [&](Session& session) -> Result<int> {
        int count = 0;
        for (const auto* role : {"upload", "import"}) {
            count += TRY(expire_unused(session, role, uploads, now));
        }
        const auto old = TRY(session.run(
            "UPDATE files SET is_ready = 0, role = 'garbage' WHERE id IN (SELECT id FROM files "
            "WHERE role = 'output' AND is_ready = 1 AND created_at < $1 LIMIT 5) RETURNING id",
            {outputs}
        ));
        const auto left = TRY(session.run(
            "UPDATE files SET role = 'garbage' WHERE id IN (SELECT id FROM files WHERE "
            "role = 'output' AND is_ready = 0 AND NOT EXISTS (SELECT 1 FROM jobs WHERE "
            "jobs.id = files.job_id AND jobs.finished_at IS NULL) LIMIT 5) RETURNING id"
        ));
        const auto tokens = TRY(session.run(
            "DELETE FROM upload_tokens WHERE hash IN (SELECT hash FROM upload_tokens WHERE "
            "expires_at <= $1 ORDER BY expires_at LIMIT 5) RETURNING hash",
            {now}
        ));
        return count + static_cast<int>(old.size() + left.size() + tokens.size());
    });
}

Result<void> FileTable::allow_upload(const UploadToken& token) {
    return database_.write([&](Session& session) -> Result<void> {
        TRY(session.run(
            "INSERT INTO upload_tokens (hash, key_id, max_bytes, expires_at) VALUES ($1, $2, $3, "
            "$4)",
            {token.hash, token.key_id, token.max_bytes, token.expires_at}
        ));
        return {};
    });
}

Result<bool> FileTable::is_upload_allowed(const std::string& hash, UnixMillis now) {
    static const std::string kSql =
        fmt::format("SELECT 1 FROM upload_tokens WHERE hash = $1 AND {}", kAllows);
    return reading(database_, [&](Session& session) -> Result<bool> {
        return !TRY(session.run(kSql, {hash, now})).empty();
    });
}

Result<std::optional<UploadToken>> FileTable::take_upload_token(
    const std::string& hash, UnixMillis now
) {
    static const std::string kSql = fmt::format(
        "DELETE FROM upload_tokens WHERE hash = $1 AND {} AND file_id IS NULL RETURNING hash, "
        "key_id, max_bytes, expires_at",
        kAllows
    );
    return writing(database_, [&](Session& session) -> Result<std::optional<UploadToken>> {
        std::optional<UploadToken> token;
        const auto rows = TRY(session.run(kSql, {hash, now}));
        if (rows.empty()) return token;
        const auto& row = rows.front();
        token = UploadToken{row.text(0), row.text(1), row.integer(2), row.integer(3)};
        return token;
    });
}

Result<bool> FileTable::discard(const std::string& id) {
    return writing(database_, [&](Session& session) -> Result<bool> {
        return !TRY(session.run(
                        "UPDATE files SET role = 'garbage' WHERE id = $1 AND is_ready = 0 "
                        "RETURNING id",
                        {id}
                    ))
                    .empty();
    });
}

Result<std::vector<FileRecord>> FileTable::garbage(int limit, const FileRecord& after) {
    return reading(database_, [&](Session& session) -> Result<std::vector<FileRecord>> {
        std::vector<FileRecord> files;
        const auto rows = TRY(session.run(
            fmt::format(
                "SELECT {} FROM files WHERE role = 'garbage' AND used_at >= $2 AND (used_at > $2 "
                "OR id > $3) ORDER BY used_at, id LIMIT $1",
                kFileColumns
            ),
            {std::int64_t{limit}, after.used_at, after.id}
        ));
        for (const auto& row : rows) files.push_back(file_from(row));
        return files;
    });
}

Result<void> FileTable::remove(const std::string& id) {
    return database_.write([&](Session& session) -> Result<void> {
        TRY(session.run("DELETE FROM files WHERE id = $1 AND role = 'garbage'", {id}));
        TRY(session.run("DELETE FROM upload_pieces WHERE file_id = $1", {id}));
        TRY(session.run("DELETE FROM resumable_uploads WHERE file_id = $1", {id}));
        return {};
    });
}

}  // namespace ittybit::store
