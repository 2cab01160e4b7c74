#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/fields_json.h"
#include "model/file.h"
#include "model/limits.h"
#include "model/operation.h"
#include "model/subtitle_source.h"

/// What the two executables say to each other over a child's socket: one JSON object a line.
/// The parent sends one Assignment (with the inputs' descriptors beside it), then Replies; the
/// child sends Events, the last being Finished or Failed.
namespace ittybit {

/// One input of a child, whose descriptor is passed with the assignment, in this order.
struct AssignedInput {
    bool is_complete = true;           // every byte is in the file; else the child asks with Need
    std::optional<std::int64_t> size;  // bytes; nothing while unknown
    std::string option;                // that names it: "subtitles.0.url"; of the input ""
    bool comes_in_order = false;       // what is not there yet comes from front to back only
    static constexpr auto kFields = Fields{
        Field{&AssignedInput::is_complete, "is_complete", ""},
        Field{&AssignedInput::size, "size", ""},
        Field{&AssignedInput::option, "option", ""},
        Field{&AssignedInput::comes_in_order, "comes_in_order", ""},
    };
};

/// Of one child: an input, the files that a stream's options name, the pieces of a split encode.
inline constexpr std::size_t kMostInputs = 1 + kMostSubtitles + 1;
inline constexpr int kMostBeside = 15;  // outputs of one child beside its own

/// What a child may make beside its output, of the same decoded pictures.
struct AssignedOutput {
    std::string kind;
    json::value options;
    std::string stem;
    std::string parts_folder;
    static constexpr auto kFields = Fields{
        Field{&AssignedOutput::kind, "kind", ""}.required(),
        Field{&AssignedOutput::options, "options", ""}.required(),
        Field{&AssignedOutput::stem, "stem", ""},
        Field{&AssignedOutput::parts_folder, "parts_folder", ""},
    };
};

/// The work of one child.
struct Assignment {
    std::string kind;         // one of kKinds, or kValidateKind (stream_copy.h)
    json::value options;      // canonical, already judged; read again by the child
    bool explain = false;     // only print the plan: Finished.plan, no output
    bool is_binding = false;  // explain: all is read that deciding takes, nothing guessed
    json::value plan;         // how it is to be done, where that was decided before
    std::vector<AssignedOutput> beside;  // all of these, or none
    std::vector<AssignedInput> inputs;
    std::string stem = "output";  // the main output is `<stem>.<extension>` in the child's folder
    std::string parts_folder;     // how a playlist names the folder its parts are published in
    Limits limits;

    static constexpr auto kFields = Fields{
        Field{&Assignment::kind, "kind", ""}.required(),
        Field{&Assignment::options, "options", ""}.required(),
        Field{&Assignment::explain, "explain", ""},
        Field{&Assignment::is_binding, "is_binding", ""},
        Field{&Assignment::plan, "plan", ""},
        Field{&Assignment::beside, "beside", ""},
        Field{&Assignment::inputs, "inputs", ""},
        Field{&Assignment::stem, "stem", ""},
        Field{&Assignment::parts_folder, "parts_folder", ""},
        Field{&Assignment::limits, "limits", ""},
    };
};

/// The child waits until these bytes of an input are there; a Reply follows.
struct Need {
    int input = 0;  // its place in Assignment.inputs
    std::int64_t offset = 0;
    std::int64_t length = 0;
    static constexpr std::string_view kName = "need";
    static constexpr auto kFields = Fields{
        Field{&Need::input, "input", ""}.between(0, kMostInputs - 1),
        Field{&Need::offset, "offset", ""}.required().between(0, 9e18),
        Field{&Need::length, "length", ""}.required().between(1, 9e18),
    };
};

/// How far the child is. Never goes back. Sent at most four times a second, and at least once
/// every 2 s while work is done (the watchdog counts on it), also without a percentage.
struct Progress {
    std::optional<double> percent;  // 0–100
    std::optional<double> speed;    // media seconds a second
    std::optional<double> eta_s;
    /// Nothing: the assignment's own; n: the n-th of those beside it.
    std::optional<int> output = {};
    static constexpr std::string_view kName = "progress";
    static constexpr auto kFields = Fields{
        Field{&Progress::percent, "percent", ""}.between(0, 100),
        Field{&Progress::speed, "speed", ""}.between(0, 1e9),
        Field{&Progress::eta_s, "eta_s", ""}.between(0, 1e12),
        Field{&Progress::output, "output", ""}.between(1, kMostBeside).or_absent(),
    };
};

/// Bytes [from, to) of a file that still grows are final; [0, 0): those told so far are not.
struct FileGrown {
    std::string name;
    std::int64_t from = 0;
    std::int64_t to = 0;
    std::optional<int> output = {};  // as of Progress
    static constexpr std::string_view kName = "file_grown";
    static constexpr auto kFields = Fields{
        Field{&FileGrown::name, "name", ""}.required(),
        Field{&FileGrown::from, "from", ""}.required().between(0, 9e18),
        Field{&FileGrown::to, "to", ""}.required().between(0, 9e18),
        Field{&FileGrown::output, "output", ""}.between(1, kMostBeside).or_absent(),
    };
};

/// A file in the child's folder is complete. Names are flat; the parts of an HLS output are
/// published in Assignment.parts_folder beside the main file.
struct FileReady {
    std::string name;
    std::int64_t size = 0;
    bool is_main = true;
    std::optional<int> output = {};  // as of Progress
    static constexpr std::string_view kName = "file_ready";
    static constexpr auto kFields = Fields{
        Field{&FileReady::name, "name", ""}.required(),
        Field{&FileReady::size, "size", ""}.required().between(0, 9e18),
        Field{&FileReady::is_main, "is_main", ""},
        Field{&FileReady::output, "output", ""}.between(1, kMostBeside).or_absent(),
    };
};

/// What was made beside an output.
struct FinishedBeside {
    File file;
    std::vector<std::string> warnings;
    static constexpr auto kFields = Fields{
        Field{&FinishedBeside::file, "file", ""}.required(),
        Field{&FinishedBeside::warnings, "warnings", ""},
    };
};

/// The work is done and verified. `file` is the input's facts for probe, else the output's.
struct Finished {
    File file;
    std::vector<std::string> warnings;
    json::value plan;
    std::vector<FinishedBeside> beside;  // of Assignment.beside: all, or none
    static constexpr std::string_view kName = "finished";
    static constexpr auto kFields = Fields{
        Field{&Finished::file, "file", ""}.required(),
        Field{&Finished::warnings, "warnings", ""},
        Field{&Finished::plan, "plan", ""},
        Field{&Finished::beside, "beside", ""},
    };
};

/// The work failed, for the reason `error` gives.
struct Failed {
    ErrorKind kind = ErrorKind::kInternalError;
    std::string message;
    std::string where = {};
    std::optional<std::string> limit = {};
    double limit_value = 0;
    static constexpr std::string_view kName = "error";
    static constexpr auto kFields = Fields{
        Field{&Failed::kind, "kind", ""}.required(),
        Field{&Failed::message, "message", ""}.required(),
        Field{&Failed::where, "where", ""},
        Field{&Failed::limit, "limit", ""},
        Field{&Failed::limit_value, "limit_value", ""},
    };
    static Failed from(const Error& error);
    Error error() const;
};

using Event = std::variant<Need, Progress, FileGrown, FileReady, Finished, Failed>;

/// One line, newline included: `{"event":"need","input":0,"offset":0,"length":65536}`.
std::string encode_event(const Event& event);

/// Reads one line. Errors: `task_crashed`, since a child that breaks the protocol is not ours.
Result<Event> decode_event(std::string_view line);

/// The parent's answer to Need: the bytes are there, or why they never will be.
struct Reply {
    std::optional<Failed> error;
    std::optional<std::int64_t> input_size;  // of the whole, once it is known
    static constexpr auto kFields = Fields{
        Field{&Reply::error, "error", ""},
        Field{&Reply::input_size, "input_size", ""},
    };
};

template <typename T>
std::string encode_line(const T& message) {
    return json_text(message) + "\n";
}

/// Reads an Assignment or Reply. Errors: `internal_error`.
template <typename T>
Result<T> decode_line(std::string_view line) {
    return read_as<T>(TRY(parse_json(line)), ErrorKind::kInternalError, "bad message: ");
}

}  // namespace ittybit
