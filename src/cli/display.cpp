#include "cli/display.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <csignal>
#include <cstdio>

#include <fmt/format.h>
#include <unistd.h>

#include "base/fields_json.h"
#include "base/text.h"
#include "cli/help.h"
#include "model/error_kinds.h"
#include "work/target.h"

namespace ittybit::cli {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr int kNarrowest = 40;

/// Without complaint where nobody reads it.
void put(std::FILE* stream, std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stream);
}

std::string repeat(std::string_view piece, int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text += piece;
    return text;
}

/// How people know one output of several.
const std::string& name_of(const JobOutput& output) {
    return output.name ? *output.name : output.kind;
}

/// Whether standard output is the result itself.
bool carries_bytes(const Globals& globals) {
    return globals.output == work::kStandardOutput && !globals.is_explaining;
}

}  // namespace

std::string clock_text(double seconds) {
    const auto whole = static_cast<std::int64_t>(std::clamp(seconds, 0.0, 1e7));
    if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
    return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

std::string bar(std::string_view kind, const Progress& progress, int columns) {
    std::string facts;
    if (progress.speed) facts += fmt::format("  {:.1f}×", *progress.speed);
    if (progress.eta_s) facts += fmt::format("  {} left", clock_text(*progress.eta_s));
    const double percent = std::clamp(progress.percent.value_or(0), 0.0, 100.0);
    const int width = std::clamp(columns - kNarrowest, 10, 40);
    const int full = static_cast<int>(std::lround(percent / 100 * width));
    return fmt::format(
        "{} {:3.0f}% {}{}{}", kind, std::floor(percent), repeat("━", full),
        repeat("─", width - full), facts
    );
}

Display::Display(const Globals& globals)
    : stream_(carries_bytes(globals) ? stderr : stdout),
      is_for_people_(
          globals.wants_terminal || (!globals.wants_json && ::isatty(::fileno(stream_)) == 1)
      ),
      has_bar_(is_for_people_ && (globals.wants_terminal || ::isatty(STDERR_FILENO) == 1)),
      is_quiet_(globals.is_quiet),
      turn_(globals.turn.empty() ? "" : globals.turn + " "),
      input_(globals.turn.empty() ? "" : globals.input + ": ") {}

void Display::progress(const Task& task, const Progress& progress) {
    if (is_quiet_) return;
    const auto now = steady_clock::now();
    if (now - last_ < (has_bar_ ? 250ms : 1000ms)) return;
    last_ = now;
    if (has_bar_) {
        progress_[task.id] = progress;
        if (shows_all_) return draw_tasks();
        draw({bar(turn_ + label_of(task), progress, columns_of(STDERR_FILENO))});
    } else if (!is_for_people_) {
        json::object line{{"object", "progress"}, {"task", task.id}, {"kind", task.kind}};
        const json::value facts = to_json(progress);
        for (const auto& fact : facts.get_object()) line[fact.key()] = fact.value();
        print_line(line);
    }
}

void Display::changed(const Job& job) {
    for (std::size_t i = 0; job.outputs && i < job.outputs->size(); ++i) {
        const auto& output = job.outputs->at(i);
        const auto label = fmt::format("{}/{} {}", i + 1, job.outputs->size(), name_of(output));
        for (const auto& task : output.tasks) labels_[task] = label;
    }
    if (!is_for_people_ && !is_final(job.status)) print_line(to_json(job));
    tasks_ = job.tasks;
    if (shows_all_ && has_bar_ && !is_quiet_) draw_tasks();
}

std::string Display::label_of(const Task& task) const {
    const auto label = labels_.find(task.id);
    return label == labels_.end() ? task.kind : label->second;
}

/// What is done gives way to what is not where there is much of it.
void Display::draw_tasks() {
    constexpr std::size_t kMostLines = 12;
    auto tasks = tasks_;
    if (tasks.size() > kMostLines)
        std::erase_if(tasks, [](const Task& task) { return is_final(task.status); });
    tasks.resize(std::min(tasks.size(), kMostLines));
    std::size_t width = 0;
    for (const auto& task : tasks) width = std::max(width, label_of(task).size());
    std::vector<std::string> lines;
    for (const auto& task : tasks) {
        const auto label = fmt::format("{:<{}}", label_of(task), width);
        const auto known = progress_.find(task.id);
        const bool has_bar = task.status == TaskStatus::kProcessing && known != progress_.end();
        lines.push_back(
            has_bar ? bar(label, known->second, columns_of(STDERR_FILENO))
                    : fmt::format("{} {}", label, name_of(task.status))
        );
    }
    draw(lines);
}

/// Over what was drawn before.
void Display::draw(const std::vector<std::string>& lines) {
    clear_bar();
    put(stderr, join(lines, "\n"));
    std::fflush(stderr);
    drawn_ = lines.size();
}

int Display::finish(const Job& job, const std::stop_token& stop) {
    if (!is_for_people_) print_line(to_json(job));
    if (is_for_people_ && !is_quiet_) {
        for (const auto& warning : job.warnings) say("note: " + warning);
    }
    if (job.status == JobStatus::kCancelled) return end_cancelled(stop);
    return job.outputs ? end_each(job) : end(job.error, job.output.value_or(""));
}

/// Says what became of each output, or of the input where that is to blame.
int Display::end_each(const Job& job) {
    clear_bar();
    bool is_told = false;
    for (const auto& output : *job.outputs) {
        if (output.output) show(*output.output);
        if (output.error) say(fmt::format("{}: {}", name_of(output), output.error->message));
        is_told = is_told || output.error;
    }
    if (!job.error) return 0;
    if (!is_told) say(job.error->message);
    return exit_status(error_row(job.error->kind).fault);
}

int Display::finish(const Task& task, const std::stop_token& stop) {
    if (!is_for_people_) {
        print_line(to_json(task));
    } else if (task.kind == "probe" && task.output) {
        clear_bar();
        print(to_json(*task.output));
        return 0;
    }
    const auto url = task.output ? task.output->url.value_or("") : "";
    if (task.status == TaskStatus::kCancelled) return end_cancelled(stop);
    return end(task.error, url);
}

int Display::finish(const Error& error) {
    if (!is_for_people_) {
        json::object line{{"kind", name_of(error.kind)}, {"message", error.message}};
        if (!error.where.empty()) line["field"] = error.where;
        print_line(line);
    }
    const bool is_left = is_deserted_ && error.kind == ErrorKind::kCancelled;
    if (!is_left) say(error.message);
    return exit_status(error_row(error.kind).fault);
}

void Display::print(const json::value& document) {
    if (is_quiet_) return;
    if (!is_for_people_) return print_line(document);
    put(stream_, pretty_json(document));
}

void Display::print_text(const std::string& text) {
    if (!is_quiet_) put(stream_, text);
}

void Display::note(const std::string& sentence) {
    if (is_for_people_ && !is_quiet_) say(sentence);
}

void Display::print_line(const json::value& value) {
    if (is_quiet_) return;
    put(stream_, compact_json(value) + "\n");
    if (std::fflush(stream_) == 0 || errno != EPIPE || stream_ != stdout) return;
    is_quiet_ = is_deserted_ = true;
    ::kill(::getpid(), SIGTERM);  // ends all as an interrupt does
}

void Display::clear_bar() {
    for (; drawn_ > 1; --drawn_) put(stderr, "\r\033[K\033[A");
    if (drawn_ == 1) put(stderr, "\r\033[K");
    drawn_ = 0;
}

void Display::say(const std::string& sentence) {
    clear_bar();
    put(stderr, fmt::format("ittybit: {}{}\n", input_, sentence));
}

int Display::end_cancelled(const std::stop_token& stop) {
    if (stop.stop_requested()) {
        if (!is_deserted_) say("interrupted; nothing was written");
        return exit_status(Fault::kCancelled);
    }
    say("somebody has cancelled it; start it again with: ittybit jobs retry ID");
    return 1;
}

int Display::end(const std::optional<Failure>& error, const std::string& url) {
    clear_bar();
    if (error) {
        say(error->message);
        return exit_status(error_row(error->kind).fault);
    }
    show(url);
    return 0;
}

void Display::show(const std::string& url) {
    if (!is_for_people_ || is_quiet_ || url.empty() || stream_ != stdout) return;
    put(stdout, work::path_of(url) + "\n");
}

}  // namespace ittybit::cli
