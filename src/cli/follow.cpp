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

template <typename T>
Result<T> read_answer(const json::value& value) {
    T read;
    Reader reader;
    reader.read(value, read);
    if (reader.problems().empty()) return read;
    return Error{
        ErrorKind::kUnavailable,
        "the server's answer is not understood: " + reader.problems().front().message, ""
    };
}

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

/// Shows what the event stream tells.
void show_event(const std::string& name, const json::value& data, Job& latest, Display& display) {
    if (name == "job") {
        if (auto job = job_from(data)) {
            latest = *std::move(job);
            display.changed(latest);
        }
        return;
    }
    Progress progress;
    auto facts = data.is_object() ? data.get_object() : json::object();
    const auto id = string_at(data, "task");
    facts.erase("task");
    Reader().read(facts, progress);
    for (const auto& task : latest.tasks) {
        if (task.id == id) display.progress(task, progress);
    }
}

}  // namespace

Result<Job> job_from(const json::value& value) {
    return read_answer<Job>(value);
}

Result<Task> task_from(const json::value& value) {
    return read_answer<Task>(value);
}

Result<Job> follow_to_end(
    ApiClient& api, const std::string& job_id, Display& display, const std::stop_token& stop
) {
    const auto path = "/jobs/" + job_id;
    auto job = TRY(look_at<Job>(api, path, 0, stop));
    while (!is_final(job.status) && !stop.stop_requested()) {
        // Whatever the stream said last, and however it ended, the job itself decides.
        static_cast<void>(api.follow(
            job_id,
            [&](const std::string& name, const json::value& data) {
                show_event(name, data, job, display);
            },
            stop
        ));
        if (stop.stop_requested()) break;
        job = TRY(look_at<Job>(api, path, kMostFailures, stop));
        if (!is_final(job.status)) std::this_thread::sleep_for(kPause);
    }
    return job;
}

Result<Task> follow_task(
    ApiClient& api, const std::string& task_id, Display& display, const std::stop_token& stop
) {
    const auto path = "/tasks/" + task_id;
    auto task = TRY(look_at<Task>(api, path, 0, stop));
    while (!is_final(task.status) && !stop.stop_requested()) {
        Progress progress;
        if (task.progress) progress.percent = *task.progress;
        display.progress(task, progress);
        std::this_thread::sleep_for(kPause / 2);
        task = TRY(look_at<Task>(api, path, kMostFailures, stop));
    }
    return task;
}

}  // namespace ittybit::cli
