#include "store/postgres_listener.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/json.h"
#include "base/pause.h"

namespace ittybit::store {
namespace {

using Steady = std::chrono::steady_clock;

constexpr std::size_t kLongestMessage = 7'900;  // of NOTIFY, with room to spare: 8,000
constexpr std::size_t kMostWaiting = 10'000;
constexpr auto kLookEvery = std::chrono::seconds(15);
constexpr auto kSlowAnswer = std::chrono::milliseconds(500);

Result<PostgresResult> ask(PGconn* connection, const char* sql, const char* value = nullptr) {
    PostgresResult result(PQexecParams(
        connection, sql, value != nullptr ? 1 : 0, nullptr, &value, nullptr, nullptr, 0
    ));
    const auto status = PQresultStatus(result.get());
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return result;
    return Error{ErrorKind::kUnavailable, PQerrorMessage(connection), "database"};
}

}  // namespace

PostgresListener::PostgresListener(std::string url, Changes& changes)
    : url_(std::move(url)),
      changes_(changes),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

PostgresListener::~PostgresListener() {
    thread_.request_stop();
    wake();
}

void PostgresListener::wake() const {
    static_cast<void>(::eventfd_write(wake_.get(), 1));
}

void PostgresListener::relay(std::string_view topic, const std::string& text) {
    auto message = fmt::format("{}\n{}", topic, text);
    if (message.size() > kLongestMessage) return;
    {
        const MutexLock lock(mutex_);
        // A state is looked up by whoever hears of it: once is enough.
        if (std::ranges::find(messages_, message) != messages_.end()) return;
        if (messages_.size() < kMostWaiting) messages_.push_back(std::move(message));
    }
    wake();
}

void PostgresListener::run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        auto connection = connect_postgres(url_);
        auto served = connection ? serve(connection->get(), stop)
                                 : Result<void>(std::move(connection).error());
        if (served) return;
        pause(stop, trouble_.note(served.error()));
    }
}

Result<void> PostgresListener::serve(PGconn* connection, const std::stop_token& stop) {
    TRY(ask(connection, "SET synchronous_commit = off"));  // nothing is written here
    TRY(ask(connection, "LISTEN ittybit"));
    auto look_at = Steady::now();
    for (;;) {
        if (Steady::now() >= look_at) {
            TRY(compare_clocks_on(connection));
            trouble_.end();
            changes_.tell_all();
            look_at = Steady::now() + kLookEvery;
        }
        TRY(send_all(connection));
        hear_all(connection);
        if (stop.stop_requested()) return {};
        std::array<pollfd, 2> both = {
            pollfd{PQsocket(connection), POLLIN, 0}, pollfd{wake_.get(), POLLIN, 0}
        };
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(look_at - Steady::now());
        ::poll(both.data(), both.size(), std::max(0, static_cast<int>(left.count())));
        eventfd_t count = 0;
        static_cast<void>(::eventfd_read(wake_.get(), &count));
        if (both[0].revents != 0 && PQconsumeInput(connection) != 1) {
            return Error{ErrorKind::kUnavailable, PQerrorMessage(connection), "database"};
        }
    }
}

/// All that came meanwhile, in one transaction.
Result<void> PostgresListener::send_all(PGconn* connection) {
    json::array messages;
    {
        const MutexLock lock(mutex_);
        for (auto& message : messages_) messages.emplace_back(std::move(message));
        messages_.clear();
    }
    if (messages.empty()) return {};
    TRY(
        ask(connection,
            "SELECT pg_notify('ittybit', value) FROM json_array_elements_text($1::json) AS value",
            compact_json(messages).c_str())
    );
    return {};
}

void PostgresListener::hear_all(PGconn* connection) {
    struct Free {
        void operator()(PGnotify* message) const { PQfreemem(message); }
    };
    while (const std::unique_ptr<PGnotify, Free> message{PQnotifies(connection)}) {
        const bool is_own = message->be_pid == PQbackendPID(connection);  // was told here already
        if (is_own || message->extra[0] == 0) continue;
        const std::string_view text = message->extra;
        const auto end = std::min(text.find('\n'), text.size() - 1);
        changes_.tell_here(text.substr(0, end), std::string(text.substr(end + 1)));
    }
}

Result<void> PostgresListener::compare_clocks() {
    const auto connection = TRY(connect_postgres(url_));
    return compare_clocks_on(connection.get());
}

/// Where the answer took long, an earlier one is nearer to the truth, and this better than none.
Result<void> PostgresListener::compare_clocks_on(PGconn* connection) {
    const auto asked = Steady::now();
    const auto answer =
        TRY(ask(connection, "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint"));
    const auto took = Steady::now() - asked;
    if (took > kSlowAnswer && is_compared_) return {};
    const auto half = std::chrono::duration_cast<std::chrono::milliseconds>(took / 2).count();
    const std::string_view text = PQgetvalue(answer.get(), 0, 0);
    UnixMillis there = 0;
    std::from_chars(text.data(), text.data() + text.size(), there);
    offset_ = there + half - own_.now();
    is_compared_ = true;
    return {};
}

}  // namespace ittybit::store
