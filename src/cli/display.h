#pragma once

#include <chrono>
#include <cstdio>
#include <map>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "cli/command.h"
#include "model/job.h"
#include "model/protocol.h"

namespace ittybit::cli {

/// What the user sees: on a terminal a bar that is drawn over itself (standard error) and one
/// sentence at the end; in a pipe JSON lines (standard output), the last being the result. With
/// `--quiet` nothing but errors.
class Display {
public:
    explicit Display(const Globals& globals);

    /// From now on all tasks of a job are seen on a terminal, a line each.
    void show_all_tasks() { shows_all_ = true; }

    /// At most four times a second on a terminal, once a second in a pipe.
    void progress(const Task& task, const Progress& progress);
    /// A job's new state: a line in a pipe.
    void changed(const Job& job);

    /// The last words. They give the exit status; `stop` tells who was interrupted from what
    /// somebody else has cancelled.
    int finish(const Job& job, const std::stop_token& stop);
    int finish(const Task& task, const std::stop_token& stop);
    int finish(const Error& error);

    /// A document as the whole result.
    void print(const json::value& document);
    /// The same, in words.
    void print_text(const std::string& text);
    /// A word on the side, for people.
    void note(const std::string& sentence);

    bool is_for_people() const { return is_for_people_; }
    /// Where what is said goes: standard error where standard output carries the result's bytes.
    std::FILE* stream() const { return stream_; }

private:
    void print_line(const json::value& value);
    void draw(const std::vector<std::string>& lines);
    void draw_tasks();
    std::string label_of(const Task& task) const;
    void clear_bar();
    void say(const std::string& sentence);
    void show(const std::string& url);
    int end(const std::optional<Failure>& error, const std::string& url);
    int end_each(const Job& job);
    int end_cancelled(const std::stop_token& stop);

    std::FILE* stream_;
    bool is_for_people_;
    bool has_bar_;
    bool is_quiet_;
    bool is_deserted_ = false;                   // nobody reads standard output any more
    std::string turn_;                           // "3/20"
    std::string input_;                          // of that turn
    std::map<std::string, std::string> labels_;  // "2/3 poster", by task, of several outputs
    bool shows_all_ = false;
    std::vector<Task> tasks_;                   // of the job that is shown
    std::map<std::string, Progress> progress_;  // the latest of each task
    std::size_t drawn_ = 0;                     // lines
    std::chrono::steady_clock::time_point last_{};
};

/// "video  42% ━━━━━━━───────── 1.8×  0:12 left", at most `columns` wide.
std::string bar(std::string_view kind, const Progress& progress, int columns);

/// "1:02:03" or "0:12".
std::string clock_text(double seconds);

}  // namespace ittybit::cli
