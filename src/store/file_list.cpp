// The list of stored files, and their deletion. A page is read from where it begins, by the index
// of the files' age.

#include <algorithm>
#include <compare>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "store/rows.h"
#include "store/side_tables.h"

namespace ittybit::store {
namespace {

/// Where a file stands in the list: ids are random, so that those of one moment have an order.
struct Place {
    UnixMillis created_at = 0;
    std::string id;
    auto operator<=>(const Place&) const = default;
};

constexpr std::string_view kBehindAllIds = "~";

Place place_of(const FileRecord& file) {
    return {file.created_at, file.id};
}

/// As Link has it: tells its place also when the file is gone.
std::string cursor_of(const FileRecord& file) {
    return fmt::format("{}.{}", file.created_at, file.id);
}

/// The place of a cursor, or of a file's id.
Result<Place> read_cursor(Session& session, const std::string& cursor) {
    if (const auto dot = cursor.find('.'); dot != std::string::npos) {
        const auto created_at = whole_number<UnixMillis>(cursor.substr(0, dot));
        if (created_at) return Place{*created_at, cursor.substr(dot + 1)};
    }
    const auto rows = TRY(session.run("SELECT created_at FROM files WHERE id = $1", {cursor}));
    if (!rows.empty()) return Place{rows.front().integer(0), cursor};
    return Error{
        ErrorKind::kInvalidRequest,
        fmt::format("there is no file {}: begin anew, or follow the Link header", cursor), "after"
    };
}

/// The files of a query, and which way they are read.
struct Stretch {
    bool is_down = true;
    Place above = {-1, ""};  // between these two, without them
    Place below = {std::numeric_limits<UnixMillis>::max(), ""};

    bool contains(const Place& place) const { return above < place && place < below; }
};

Result<Stretch> stretch_of(Session& session, const ListQuery& query) {
    Stretch stretch;
    const bool is_back = query.before && !query.after;
    stretch.is_down = query.is_descending != is_back;
    if (query.created_after) stretch.above = {*query.created_after, std::string(kBehindAllIds)};
    if (query.created_before) stretch.below = {*query.created_before, ""};
    const auto narrow = [&](const std::optional<std::string>& cursor, bool is_below) -> Result<> {
        if (!cursor) return {};
        auto place = TRY(read_cursor(session, *cursor));
        if (is_below) {
            stretch.below = std::min(stretch.below, std::move(place));
        } else {
            stretch.above = std::max(stretch.above, std::move(place));
        }
        return {};
    };
    TRY(narrow(query.after, query.is_descending));
    TRY(narrow(query.before, !query.is_descending));
    return stretch;
}

FileRecord listed_from(const Row& row) {
    auto file = file_from(row);
    file.is_of_task = row.integer(8) != 0;
    return file;
}

constexpr std::string_view kListed =
    "(SELECT is_task FROM jobs WHERE jobs.id = files.job_id) AS is_of_task FROM files";

/// A job has few.
Result<std::vector<FileRecord>> files_of_job(
    Session& session, const ListQuery& query, const Stretch& stretch
) {
    std::vector<FileRecord> files;
    const auto rows = TRY(session.run(
        fmt::format("SELECT {}, {} WHERE job_id = $1", kFileColumns, kListed), {*query.job}
    ));
    for (const auto& row : rows) {
        auto file = listed_from(row);
        const bool is_wanted = file.is_ready && query.role.value_or(file.role) == file.role;
        if (is_wanted && stretch.contains(place_of(file))) files.push_back(std::move(file));
    }
    return files;
}

/// The first of each role, and one more than the page has.
Result<std::vector<FileRecord>> files_by_age(
    Session& session, const ListQuery& query, const Stretch& stretch
) {
    const auto sql = fmt::format(
        "SELECT {}, {} WHERE role = $1 AND is_ready = 1 AND (created_at, id) > ($2, $3) AND "
        "(created_at, id) < ($4, $5) ORDER BY created_at {}, id {} LIMIT $6",
        kFileColumns, kListed, stretch.is_down ? "DESC" : "ASC", stretch.is_down ? "DESC" : "ASC"
    );
    std::vector<FileRecord> files;
    for (const std::string role : {"output", "upload", "import"}) {
        if (query.role.value_or(role) != role) continue;
        const auto rows = TRY(session.run(
            sql, {role, stretch.above.created_at, stretch.above.id, stretch.below.created_at,
                  stretch.below.id, std::int64_t{query.limit} + 1}
        ));
        for (const auto& row : rows) files.push_back(listed_from(row));
    }
    return files;
}

}  // namespace

Result<Page<FileRecord>> FileTable::list(const ListQuery& query) {
    return reading(database_, [&](Session& session) -> Result<Page<FileRecord>> {
        const auto stretch = TRY(stretch_of(session, query));
        Page<FileRecord> page;
        page.items =
            TRY(query.job ? files_of_job(session, query, stretch)
                          : files_by_age(session, query, stretch));
        std::ranges::sort(page.items, {}, place_of);
        if (stretch.is_down) std::ranges::reverse(page.items);
        page.has_more = std::cmp_greater(page.items.size(), query.limit);
        if (page.has_more) page.items.resize(static_cast<std::size_t>(query.limit));
        if (stretch.is_down != query.is_descending) std::ranges::reverse(page.items);
        if (!page.items.empty()) page.cursor = cursor_of(page.items.back());
        return page;
    });
}

Result<FileTable::Erased> FileTable::erase(const std::string& id) {
    return writing(database_, [&](Session& session) -> Result<Erased> {
        const auto users = TRY(session.run(
            "SELECT 1 FROM jobs WHERE finished_at IS NULL AND id IN (SELECT job_id FROM job_files "
            "WHERE file_id = $1 UNION ALL SELECT job_id FROM files WHERE id = $1) LIMIT 1",
            {id}
        ));
        if (!users.empty()) return Erased::kInUse;
        const auto erased = TRY(session.run(
            "UPDATE files SET is_ready = 0, role = 'garbage' WHERE id = $1 AND is_ready = 1 "
            "RETURNING id",
            {id}
        ));
        return erased.empty() ? Erased::kNone : Erased::kDone;
    });
}

}  // namespace ittybit::store
