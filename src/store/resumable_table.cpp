#include "store/side_tables.h"

namespace ittybit::store {
namespace {

Result<void> insert(Session& session, const ResumableUpload& upload) {
    TRY(session.run(
        "INSERT INTO files (id, role, name, is_ready, created_at, used_at) VALUES ($1, 'upload', "
        "$2, 0, $3, $3)",
        {upload.id, upload.name, upload.used_at}
    ));
    TRY(session.run(
        "INSERT INTO resumable_uploads (file_id, length, metadata) VALUES ($1, $2, $3)",
        {upload.id, upload.length, upload.metadata}
    ));
    return {};
}

}  // namespace

Result<void> ResumableTable::add(const ResumableUpload& upload) {
    return database_.write([&](Session& session) { return insert(session, upload); });
}

Result<std::optional<std::int64_t>> ResumableTable::add_by_token(
    const ResumableUpload& upload, const std::string& token, UnixMillis expires_at
) {
    return writing(database_, [&](Session& session) -> Result<std::optional<std::int64_t>> {
        std::optional<std::int64_t> most;
        const auto free = TRY(session.run(
            "SELECT max_bytes FROM upload_tokens WHERE hash = $1 AND expires_at > $2 AND file_id "
            "IS NULL",
            {token, upload.used_at}
        ));
        if (free.empty()) return most;
        if (free.front().integer(0) < upload.length) return free.front().optional_integer(0);
        const auto taken = TRY(session.run(
            "UPDATE upload_tokens SET file_id = $2, expires_at = CASE WHEN expires_at > $3 THEN "
            "expires_at ELSE $3 END WHERE hash = $1 AND file_id IS NULL RETURNING max_bytes",
            {token, upload.id, expires_at}
        ));
        if (taken.empty()) return most;
        TRY(insert(session, upload));
        return taken.front().optional_integer(0);
    });
}

Result<bool> ResumableTable::is_token_of(const std::string& token, const std::string& id) {
    return reading(database_, [&](Session& session) -> Result<bool> {
        return !TRY(session.run(
                        "SELECT 1 FROM upload_tokens WHERE hash = $1 AND file_id = $2", {token, id}
                    ))
                    .empty();
    });
}

Result<std::optional<ResumableUpload>> ResumableTable::find(const std::string& id) {
    return reading(database_, [&](Session& session) -> Result<std::optional<ResumableUpload>> {
        std::optional<ResumableUpload> found;
        const auto rows = TRY(session.run(
            "SELECT name, length, metadata, used_at, is_ready FROM resumable_uploads, files WHERE "
            "file_id = $1 AND id = $1 AND role = 'upload'",
            {id}
        ));
        if (rows.empty()) return found;
        const auto& row = rows.front();
        const auto came = TRY(session.run(
            "SELECT count(*), COALESCE(max(at + size), 0) FROM upload_pieces WHERE file_id = $1",
            {id}
        ));
        const bool is_ready = row.integer(4) != 0;
        found = {
            .id = id,
            .name = row.text(0),
            .length = row.integer(1),
            .metadata = row.text(2),
            .received = is_ready ? row.integer(1) : came.front().integer(1),
            .pieces = came.front().integer(0),
            .used_at = row.integer(3),
            .is_ready = is_ready,
        };
        return found;
    });
}

Result<bool> ResumableTable::add_piece(
    const std::string& id, const UploadPiece& piece, UnixMillis now
) {
    return writing(database_, [&](Session& session) -> Result<bool> {
        const auto file = TRY(session.run(
            "UPDATE files SET used_at = $2 WHERE id = $1 AND role = 'upload' AND is_ready = 0 "
            "RETURNING id",
            {id, now}
        ));
        if (file.empty()) return false;
        return !TRY(session.run(
                        "INSERT INTO upload_pieces (file_id, at, size, key) VALUES ($1, $2, $3, "
                        "$4) ON CONFLICT DO NOTHING RETURNING at",
                        {id, piece.at, piece.size, piece.key}
                    ))
                    .empty();
    });
}

Result<std::vector<UploadPiece>> ResumableTable::pieces(const std::string& id) {
    return reading(database_, [&](Session& session) -> Result<std::vector<UploadPiece>> {
        std::vector<UploadPiece> pieces;
        const auto rows = TRY(session.run(
            "SELECT at, size, key FROM upload_pieces WHERE file_id = $1 ORDER BY at", {id}
        ));
        for (const auto& row : rows)
            pieces.push_back({row.integer(0), row.integer(1), row.text(2)});
        return pieces;
    });
}

Result<std::optional<UnixMillis>> ResumableTable::begin_joining(
    const std::string& id, UnixMillis lease, UnixMillis now
) {
    return writing(database_, [&](Session& session) -> Result<std::optional<UnixMillis>> {
        const auto begun = TRY(session.run(
            "UPDATE resumable_uploads SET joined_until = $2 WHERE file_id = $1 AND (joined_until "
            "<= $3 OR joined_until > $4) AND EXISTS (SELECT 1 FROM files WHERE id = $1 AND role = "
            "'upload' AND is_ready = 0) RETURNING joined_until",
            {id, now + lease, now, now + 2 * lease}
        ));
        return begun.empty() ? std::nullopt : begun.front().optional_integer(0);
    });
}

Result<bool> ResumableTable::go_on_joining(
    const std::string& id, UnixMillis from, UnixMillis until
) {
    return writing(database_, [&](Session& session) -> Result<bool> {
        return !TRY(session.run(
                        "UPDATE resumable_uploads SET joined_until = $3 WHERE file_id = $1 AND "
                        "joined_until = $2 RETURNING file_id",
                        {id, from, until}
                    ))
                    .empty();
    });
}

Result<bool> ResumableTable::finish(const std::string& id, UnixMillis now) {
    return writing(database_, [&](Session& session) -> Result<bool> {
        const auto ended = TRY(session.run(
            "UPDATE files SET is_ready = 1, used_at = $2, size = (SELECT length FROM "
            "resumable_uploads WHERE file_id = $1) WHERE id = $1 AND role = 'upload' RETURNING id",
            {id, now}
        ));
        TRY(session.run("DELETE FROM upload_pieces WHERE file_id = $1", {id}));
        return !ended.empty();
    });
}

}  // namespace ittybit::store
