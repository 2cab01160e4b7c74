#include "cli/follow.h"

#include <chrono>
#include <thread>

#include <fmt/format.h>

#include "base/fields_json.h"

namespace ittybit::cli {
namespace {

using namespace std::chrono_literals;

constexpr int kMostFailures = 20;  // in a row, half a second apart
constexpr auto kPause = 500ms;

/// A job or task as it is now, with patience for a server that restarts.
template <typename T>
Result<T> look_at(
    ApiClient& api, const std::string& path, int most_failures, const std::stop_token& stop
) {
    for (int failures = 0;; ++failures) {
        const auto now = api.call("GET", path, nullptr, stop);
        if (now) return read_answer<T>(*now);
        const bool is_passing =
            now.error().kind == ErrorKind::kUnavailable && failures < most_failures;
        if (!is_passing || stop.stop_requested()) return now.error();
        std::this_thread::sleep_for(kPause);
    }
}

const Task* find_task(const Job& job, const std::string& id) {
    for (const auto& task : job.tasks) {
        if (task.id == id) return &task;
    }
    return nullptr;
}

const Task* find_task(const Task& task, const std::string& id) {
    return task.id == id ? &task : nullptr;
}

void show(Display& display, const Job& job) {
    display.changed(job);
}

void show(Display& /*display*/, const Task& /*task*/) {}  // its end is all that is told of it

/// Shows what the event stream tells.
template <typename T>
void show_event(const std::string& name, const json::value& data, T& latest, Display& display) {
    if (name != "progress") {
        if (auto now = read_answer<T>(data)) {
            latest = *std::move(now);
            show(display, latest);
        }
        return;
    }
    Progress progress;
    auto facts = data.is_object() ? data.get_object() : json::object();
    const auto id = string_at(data, "task");
    facts.erase("task");
    Reader().read(facts, progress);
    if (const auto* task = find_task(latest, id)) display.progress(*task, progress);
}

}  // namespace

template <typename T>
Result<T> read_answer(const json::value& value) {
    return read_as<T>(value, ErrorKind::kUnavailable, "the server's answer is not understood: ");
}

template <typename T>
Result<T> follow_to_end(
    ApiClient& api, const std::string& id, Display& display, const std::stop_token& stop
) {
    const auto path = fmt::format("{}/{}", kRoute<T>, id);
    auto latest = TRY(look_at<T>(api, path, 0, stop));
    while (!is_final(latest.status) && !stop.stop_requested()) {
        // Whatever the stream said last, and however it ended, the job itself decides.
        static_cast<void>(api.follow(
            path + "/events",
            [&](const std::string& name, const json::value& data) {
                show_event(name, data, latest, display);
            },
            stop
        ));
        if (stop.stop_requested()) break;
        latest = TRY(look_at<T>(api, path, kMostFailures, stop));
        if (!is_final(latest.status)) std::this_thread::sleep_for(kPause);
    }
    return latest;
}

template Result<Job> read_answer(const json::value&);
template Result<Task> read_answer(const json::value&);
template Result<Job>
follow_to_end(ApiClient&, const std::string&, Display&, const std::stop_token&);
template Result<Task>
follow_to_end(ApiClient&, const std::string&, Display&, const std::stop_token&);

}  // namespace ittybit::cli
