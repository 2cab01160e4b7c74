#include "store/side_tables.h"

namespace ittybit::store {
namespace {

FileRecord file_from(const Row& row) {
    return {
        row.text(0),         row.optional_text(1), row.text(2),    row.text(3),
        row.integer(4) != 0, row.integer(5),       row.integer(6),
    };
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
        const auto rows = TRY(session.run(
            "SELECT id, job_id, role, name, is_ready, created_at, used_at FROM files WHERE id = $1",
            {id}
        ));
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

Result<void> FileTable::make_ready(const std::string& id, UnixMillis now) {
    return database_.write([&](Session& session) -> Result<void> {
        TRY(session.run("UPDATE files SET is_ready = 1, used_at = $2 WHERE id = $1", {id, now}));
        return {};
    });
}

Result<void> FileTable::expire(UnixMillis uploads, UnixMillis outputs, UnixMillis now) {
    constexpr UnixMillis kUploadTakes = 24LL * 60 * 60 * 1000;  // a slow upload may be under way
    return database_.write([&](Session& session) -> Result<void> {
        // A job that is not final keeps its upload: its input names the upload's id.
        TRY(session.run(
            "UPDATE files SET is_ready = 0, role = 'garbage' WHERE role IN ('upload', 'import') "
            "AND "
            "used_at < $1 AND (is_ready = 1 OR created_at < $2) AND NOT EXISTS (SELECT 1 FROM jobs "
            "WHERE jobs.finished_at IS NULL AND jobs.input LIKE '%' || files.id || '%')",
            {uploads, now - kUploadTakes}
        ));
        TRY(session.run(
            "UPDATE files SET is_ready = 0, role = 'garbage' WHERE role = 'output' AND is_ready = "
            "1 "
            "AND created_at < $1",
            {outputs}
        ));
        TRY(session.run(
            "UPDATE files SET role = 'garbage' WHERE role = 'output' AND is_ready = 0 AND NOT "
            "EXISTS "
            "(SELECT 1 FROM jobs WHERE jobs.id = files.job_id AND jobs.finished_at IS NULL)"
        ));
        return {};
    });
}

Result<void> FileTable::discard(const std::string& id) {
    return database_.write([&](Session& session) -> Result<void> {
        TRY(session.run("UPDATE files SET is_ready = 0, role = 'garbage' WHERE id = $1", {id}));
        return {};
    });
}

Result<std::vector<FileRecord>> FileTable::garbage(int limit) {
    return reading(database_, [&](Session& session) -> Result<std::vector<FileRecord>> {
        std::vector<FileRecord> files;
        const auto rows = TRY(session.run(
            "SELECT id, job_id, role, name, is_ready, created_at, used_at FROM files "
            "WHERE role = 'garbage' LIMIT $1",
            {std::int64_t{limit}}
        ));
        for (const auto& row : rows) files.push_back(file_from(row));
        return files;
    });
}

Result<void> FileTable::remove(const std::string& id) {
    return database_.write([&](Session& session) -> Result<void> {
        TRY(session.run("DELETE FROM files WHERE id = $1 AND role = 'garbage'", {id}));
        return {};
    });
}

}  // namespace ittybit::store
