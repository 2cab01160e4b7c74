#include "store/side_tables.h"

namespace ittybit::store {

Result<void> UploadTable::add(const OpenUpload& upload, UnixMillis now) {
    return database_.write([&](Session& session) -> Result<void> {
        TRY(session.run(
            "INSERT INTO open_uploads (receipt, job_id, attempt, connection, bucket, created_at) "
            "VALUES ($1, $2, $3, $4, $5, $6)",
            {upload.receipt, upload.job_id, upload.attempt, upload.connection, upload.bucket, now}
        ));
        return {};
    });
}

Result<std::vector<OpenUpload>> UploadTable::abandoned(int limit, const OpenUpload& after) {
    return reading(database_, [&](Session& session) -> Result<std::vector<OpenUpload>> {
        std::vector<OpenUpload> found;
        const auto rows = TRY(session.run(
            "SELECT job_id, attempt, connection, bucket, receipt, created_at FROM open_uploads "
            "WHERE NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.id = open_uploads.job_id AND "
            "((jobs.status = 'processing' AND jobs.attempt = open_uploads.attempt) OR "
            "(jobs.status IN ('queued', 'processing') AND open_uploads.attempt = 0))) AND "
            "created_at >= $2 AND (created_at > $2 OR receipt > $3) "
            "ORDER BY created_at, receipt LIMIT $1",
            {std::int64_t{limit}, after.created_at, after.receipt}
        ));
        for (const auto& row : rows) {
            found.push_back(
                {row.text(0), row.integer(1), row.text(2), row.text(3), row.text(4), row.integer(5)}
            );
        }
        return found;
    });
}

Result<bool> UploadTable::holds(const std::string& receipt) {
    return reading(database_, [&](Session& session) -> Result<bool> {
        return !TRY(session.run("SELECT 1 FROM open_uploads WHERE receipt = $1", {receipt}))
                    .empty();
    });
}

Result<void> UploadTable::remove(const std::string& receipt) {
    return database_.write([&](Session& session) -> Result<void> {
        TRY(session.run("DELETE FROM open_uploads WHERE receipt = $1", {receipt}));
        return {};
    });
}

}  // namespace ittybit::store
