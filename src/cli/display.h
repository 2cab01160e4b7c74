#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "cli/command.h"
#include "model/job.h"
#include "model/protocol.h"

namespace ittybit::cli {

/// What the user sees: on a terminal a bar that is drawn over itself (standard error) and one
/// sentence at the end; in a pipe JSON lines (standard output), the last being the result.
class Display {
public:
    explicit Display(const Globals& globals);

    /// At most four times a second on a terminal, once a second in a pipe.
    void progress(const Task& task, const Progress& progress);
    /// A job's new state: a line in a pipe.
    void changed(const Job& job);

    /// The last words. They give the exit status.
    int finish(const Job& job);
    int finish(const Task& task);
    int finish(const Error& error);

    /// A document as the whole result.
    void print(const json::value& document);

    bool is_for_people() const { return is_for_people_; }

private:
    void clear_bar();
    void say(const std::string& sentence);
    int end(std::string_view status, const std::optional<Failure>& error, const std::string& url);

    bool is_for_people_;
    bool has_bar_;
    bool is_quiet_;
    bool is_bar_drawn_ = false;
    std::chrono::steady_clock::time_point last_{};
};

/// "video  42% ━━━━━━━───────── 1.8×  0:12 left", at most `columns` wide.
std::string bar(std::string_view kind, const Progress& progress, int columns);

/// "1:02:03" or "0:12".
std::string clock_text(double seconds);

}  // namespace ittybit::cli
