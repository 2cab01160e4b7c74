#include "storage/source.h"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <list>
#include <thread>
#include <utility>

#include <sys/stat.h>

#include "base/thread_safety.h"
#include "storage/scratch.h"

namespace ittybit::storage {
namespace {

/// How far behind a running request may be for a reader to wait for it instead of asking anew.
constexpr std::int64_t kWorthWaiting = 4 << 20;
/// So much progress makes a cut connection forgiven.
constexpr std::int64_t kProgress = 1 << 20;

/// One request in flight: it has brought [from, at) and shall bring [at, to).
struct Flight {
    std::int64_t at = 0;
    std::int64_t to = 0;
};

/// A place where reads go on in sequence.
struct Cursor {
    std::int64_t end = -1;  // where the next read is expected
    std::int64_t length = 0;
    std::uint64_t used = 0;
};

Error cancelled() {
    return {ErrorKind::kCancelled, "the download was cancelled", ""};
}

bool has_changed(const Version& known, const Version& now) {
    if (known.size && now.size && *known.size != *now.size) return true;
    if (!known.etag.empty() && !now.etag.empty()) return known.etag != now.etag;
    return !known.last_modified.empty() && !now.last_modified.empty() &&
           known.last_modified != now.last_modified;
}

}  // namespace

/// All of a Source. The scratch file needs no mutex, since each flight writes its own bytes.
struct Source::State {
    State(std::unique_ptr<Origin> from, Options with)
        : origin(std::move(from)), options(std::move(with)) {}

    const std::unique_ptr<Origin> origin;
    const Options options;
    Fd local;
    Room::Share share;  // before the file, which is to be gone when the share ends
    Scratch scratch;

    mutable Mutex mutex;
    std::condition_variable_any changed;
    Ranges present GUARDED_BY(mutex);
    std::list<Flight> flights GUARDED_BY(mutex);
    std::array<Cursor, 4> cursors GUARDED_BY(mutex);
    std::uint64_t reads GUARDED_BY(mutex) = 0;
    std::optional<Version> version GUARDED_BY(mutex);  // once the origin has answered
    std::optional<std::int64_t> size GUARDED_BY(mutex);
    bool has_ranges GUARDED_BY(mutex) = false;
    bool is_whole GUARDED_BY(mutex) = false;         // every byte is there
    std::optional<Error> failure GUARDED_BY(mutex);  // of the thread that reads front to back
    std::int64_t fetched GUARDED_BY(mutex) = 0;
    int requests GUARDED_BY(mutex) = 0;
    std::jthread reader;  // last: joined before the rest goes

    Result<> open(const std::stop_token& stop);
    Result<> ensure(Range range, const std::stop_token& stop);
    Result<> complete(const std::stop_token& stop);
    bool can_seek() const {
        const MutexLock lock(mutex);
        return has_ranges;
    }

private:
    Result<> expect_the_rest() REQUIRES(mutex);
    void read_front_to_back(const std::stop_token& stop);
    Result<> fetch(Range range, const std::stop_token& stop) REQUIRES(mutex);
    Result<> fetch_with_retries(Flight& flight, const std::stop_token& stop);
    Result<> fetch_once(Flight& flight, const std::stop_token& stop);
    Result<> accept(const Answer& answer);
    Result<bool> take(
        Flight& flight,
        std::int64_t offset,
        std::span<const std::byte> bytes,
        const std::stop_token& stop
    );
    Result<> check_size(std::int64_t bytes) const;
    Error changed_at_origin() const;
    Error too_often(Error error) const;

    Range clipped(Range range) const REQUIRES(mutex) {
        if (size) range.to = std::min(range.to, *size);
        return range;
    }
    bool is_there(Range range) const REQUIRES(mutex) {
        return is_whole || present.contains(clipped(range));
    }
    Flight* flight_over(std::int64_t position) REQUIRES(mutex);
    Range unclaimed_gap(Range range) REQUIRES(mutex);
    Range read_ahead(Range gap) REQUIRES(mutex);
};

Result<> Source::State::open(const std::stop_token& stop) {
    local = TRY(origin->local_file());
    if (local) {
        const MutexLock lock(mutex);
        struct stat status = {};
        ::fstat(local.get(), &status);
        size = status.st_size;
        version = Version{size, "", ""};
        present.add({0, *size});
        is_whole = true;
        return check_size(*size);
    }
    if (options.room != nullptr) share = options.room->open(options.use);
    scratch = TRY(Scratch::make(options.scratch_folder));
    reader = std::jthread([this](const std::stop_token& end) { read_front_to_back(end); });
    MutexLock lock(mutex);
    if (!changed.wait(lock, stop, [&]() REQUIRES(mutex) { return version || failure; }))
        return cancelled();
    if (!version) return *failure;
    return {};
}

/// The first request. With ranges it brings the first bytes and that is all; without, it goes on
/// to the end of the file.
void Source::State::read_front_to_back(const std::stop_token& stop) {
    std::list<Flight>::iterator flight;
    {
        const MutexLock lock(mutex);
        flight = flights.insert(flights.end(), Flight{0, options.first_read});
    }
    auto result = fetch_with_retries(*flight, stop);
    const MutexLock lock(mutex);
    if (!result) {
        failure = result.error();
    } else if (!has_ranges) {
        size = flight->at;
        is_whole = true;
    }
    flights.erase(flight);
    changed.notify_all();
}

Result<> Source::State::check_size(std::int64_t bytes) const {
    if (bytes <= options.largest) return {};
    return Error{
        ErrorKind::kLimitExceeded,
        "the file is larger than " + std::to_string(options.largest) + " bytes", origin->name(),
        LimitReached{"input_bytes", static_cast<double>(options.largest)}
    };
}

Error Source::State::changed_at_origin() const {
    return {
        ErrorKind::kSourceChanged, "the file changed at its origin while it was read; try again",
        origin->name()
    };
}

/// Judges the head of an answer against what is known.
Result<> Source::State::accept(const Answer& answer) {
    const auto& told = answer.version;
    if (told.size) TRY(check_size(*told.size));
    {
        const MutexLock lock(mutex);
        if (has_changed(version.value_or(options.known), told)) return changed_at_origin();
        if (version) return {};
    }
    // The first answer: nobody else is at work on this source yet.
    if (told.size) TRY(scratch.resize(*told.size));
    if (told.size && !answer.has_ranges && share) TRY(share.expect(*told.size));
    const MutexLock lock(mutex);
    version = told;
    has_ranges = answer.has_ranges;
    size = told.size;
    if (!has_ranges) flights.front().to = kNoEnd;
    if (size == 0) is_whole = true;
    changed.notify_all();
    return {};
}

/// Writes a piece that begins at `offset`; what the flight has already is compared instead.
Result<bool> Source::State::take(
    Flight& flight,
    std::int64_t offset,
    std::span<const std::byte> bytes,
    const std::stop_token& stop
) {
    const auto count = static_cast<std::int64_t>(bytes.size());
    if (offset < flight.at) {  // read again from the front, since the origin has no ranges
        const auto known = std::min(count, flight.at - offset);
        const auto head = bytes.first(static_cast<std::size_t>(known));
        if (!can_seek() && !scratch.holds(offset, head)) return changed_at_origin();
        const auto rest = bytes.subspan(static_cast<std::size_t>(known));
        return rest.empty() || TRY(take(flight, offset + known, rest, stop));
    }
    TRY(check_size(offset + count));
    if (share) TRY(share.take(count, stop));
    auto written = scratch.write(offset, bytes);
    if (share) share.wrote(count);
    TRY(std::move(written));
    const MutexLock lock(mutex);
    flight.at = offset + count;
    present.add({offset, flight.at});
    fetched += count;
    if (size && present.contains({0, *size})) is_whole = true;
    changed.notify_all();
    return flight.at < flight.to;
}

Result<> Source::State::fetch_once(Flight& flight, const std::stop_token& stop) {
    Range range;
    Version known;
    {
        const MutexLock lock(mutex);
        range = {flight.at, flight.to};
        known = version.value_or(Version());
        ++requests;
    }
    // Rather before than while a server waits for us.
    if (share) TRY(share.wait_for(std::min(range.length(), options.first_read), stop));
    std::int64_t offset = 0;
    const Taker taker = {
        .answer = [&](const Answer& answer) -> Result<> {
            offset = answer.offset;
            return accept(answer);
        },
        .bytes = [&](std::span<const std::byte> bytes) -> Result<bool> {
            const bool wants_more = TRY(take(flight, offset, bytes, stop));
            offset += static_cast<std::int64_t>(bytes.size());
            // At the end of what was asked for, reading on to the answer's end keeps the
            // connection for the next request.
            return wants_more || offset == range.to;
        },
    };
    TRY(origin->fetch(range, known, taker, stop));
    const MutexLock lock(mutex);
    const auto end = std::min(flight.to, size.value_or(flight.to == kNoEnd ? flight.at : kNoEnd));
    if (flight.at >= end) return {};
    return Error{
        ErrorKind::kUnavailable,
        "the server sent " + std::to_string(flight.at) + " of " + std::to_string(end) + " bytes",
        origin->name()
    };
}

Result<> Source::State::fetch_with_retries(Flight& flight, const std::stop_token& stop) {
    for (int failures = 0;;) {
        const auto begin = flight.at;  // only this thread moves it
        auto result = fetch_once(flight, stop);
        if (result) return {};
        if (stop.stop_requested()) return cancelled();
        if (result.error().kind != ErrorKind::kUnavailable) return result;
        if (flight.at - begin >= kProgress) failures = 0;
        if (++failures >= options.retries.tries) return too_often(result.error());
        TRY(options.retries.wait(failures, stop));
    }
}

Error Source::State::too_often(Error error) const {
    error.kind = ErrorKind::kDownloadFailed;
    const int tries = options.retries.tries;
    if (tries > 1) error.message += " (tried " + std::to_string(tries) + " times)";
    return error;
}

Flight* Source::State::flight_over(std::int64_t position) {
    for (auto& flight : flights) {
        if (flight.at <= position && position < flight.to) return &flight;
    }
    return nullptr;
}

/// The first stretch of `range` that is neither here nor on its way.
Range Source::State::unclaimed_gap(Range range) {
    for (;;) {
        Range gap = present.first_gap(range);
        if (gap.length() == 0) return gap;
        const Flight* over = flight_over(gap.from);
        if (over == nullptr) {
            for (const auto& flight : flights) {
                if (flight.at > gap.from) gap.to = std::min(gap.to, flight.at);
            }
            return gap;
        }
        range.from = std::min(over->to, range.to);
    }
}

/// `gap`, and as much behind it as the reader there has earned by reading in sequence.
Range Source::State::read_ahead(Range gap) {
    Cursor* cursor = nullptr;
    for (auto& candidate : cursors) {
        const bool goes_on =
            gap.from >= candidate.end && gap.from <= candidate.end + candidate.length;
        if (goes_on) cursor = &candidate;
    }
    if (cursor != nullptr) {
        cursor->length = std::min(cursor->length * 2, options.longest_read);
    } else {
        cursor =
            &*std::min_element(cursors.begin(), cursors.end(), [](const auto& a, const auto& b) {
                return a.used < b.used;
            });
        cursor->length = options.first_read;
    }
    const auto wanted = std::max(gap.length(), cursor->length);
    const Range ahead = unclaimed_gap(clipped({gap.from, gap.from + wanted}));
    cursor->end = ahead.to;
    cursor->used = ++reads;
    return ahead;
}

/// Fetches a range nobody else is at; the lock is open meanwhile.
Result<> Source::State::fetch(Range range, const std::stop_token& stop) {
    const auto flight = flights.insert(flights.end(), Flight{range.from, range.to});
    mutex.unlock();
    auto result = fetch_with_retries(*flight, stop);
    mutex.lock();
    flights.erase(flight);
    changed.notify_all();
    return result;
}

Result<> Source::State::ensure(Range range, const std::stop_token& stop) {
    MutexLock lock(mutex);
    for (;;) {
        if (is_there(range)) return {};
        if (failure) return *failure;
        if (stop.stop_requested()) return cancelled();
        const Range gap = present.first_gap(clipped(range));
        Flight* const over = flight_over(gap.from);
        if (over != nullptr && (!has_ranges || gap.from - over->at <= kWorthWaiting)) {
            const auto before = fetched;
            changed.wait(lock, stop, [&]() REQUIRES(mutex) {
                return fetched != before || failure || flight_over(gap.from) != over;
            });
            continue;
        }
        // Too far ahead of its reader: that one stops where we begin.
        if (over != nullptr) over->to = gap.from;
        const Range all = {0, size.value_or(0)};
        const bool is_scattered = requests >= options.scattered_requests;
        const Range next = is_scattered ? unclaimed_gap(all) : read_ahead(gap);
        TRY(fetch(next, stop));
    }
}

Result<> Source::State::expect_the_rest() {
    if (!share || is_whole || failure || !has_ranges) return {};
    auto expected = share.expect(*size - present.total());
    if (!expected) failure = expected.error();
    return expected;
}

Result<> Source::State::complete(const std::stop_token& stop) {
    MutexLock lock(mutex);
    TRY(expect_the_rest());
    for (;;) {
        if (is_whole) return {};
        if (failure) return *failure;
        if (stop.stop_requested()) return cancelled();
        const Range gap = has_ranges ? unclaimed_gap({0, *size}) : Range();
        if (gap.length() == 0) {  // all that is missing is on its way
            const auto before = fetched;
            const auto others = flights.size();
            changed.wait(lock, stop, [&]() REQUIRES(mutex) {
                return is_whole || failure || fetched != before || flights.size() != others;
            });
            continue;
        }
        TRY(fetch(gap, stop));
    }
}

Result<std::unique_ptr<Source>> Source::open(
    std::unique_ptr<Origin> origin, Options options, const std::stop_token& stop
) {
    auto state = std::make_unique<State>(std::move(origin), std::move(options));
    TRY(state->open(stop));
    return std::unique_ptr<Source>(new Source(std::move(state)));
}

Source::Source(std::unique_ptr<State> state) : state_(std::move(state)) {}
Source::~Source() = default;

int Source::descriptor() const {
    return state_->local ? state_->local.get() : state_->scratch.reader();
}

std::optional<std::int64_t> Source::size() const {
    const MutexLock lock(state_->mutex);
    return state_->size;
}

bool Source::is_complete() const {
    const MutexLock lock(state_->mutex);
    return state_->is_whole;
}

bool Source::has_ranges() const {
    return state_->can_seek();
}

Result<> Source::ensure(std::int64_t offset, std::int64_t length, const std::stop_token& stop) {
    if (offset < 0 || length < 0 || length > kNoEnd - offset)
        return Error{ErrorKind::kInternalError, "a range outside of any file was asked for", ""};
    return state_->ensure({offset, offset + length}, stop);
}

Result<> Source::complete(const std::stop_token& stop) {
    return state_->complete(stop);
}

std::int64_t Source::bytes_fetched() const {
    const MutexLock lock(state_->mutex);
    return state_->fetched;
}

std::int64_t Source::bytes_present() const {
    const MutexLock lock(state_->mutex);
    return state_->present.total();
}

int Source::requests() const {
    const MutexLock lock(state_->mutex);
    return state_->requests;
}

Version Source::version() const {
    const MutexLock lock(state_->mutex);
    return state_->version.value_or(Version());
}

}  // namespace ittybit::storage
