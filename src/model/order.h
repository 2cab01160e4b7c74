#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/fields.h"
#include "base/json.h"
#include "model/job.h"
#include "model/operation.h"

/// What was asked for, as one value: the API, the command line, a retry, a job's row and the worker
/// hold the same type. model/read_order.h makes it of a request.
namespace ittybit {

/// A task alone that keeps a copy of its input as a managed file.
struct ImportOptions {
    static constexpr std::string_view kName = "import";
    static constexpr auto kFields = Fields{};
};

/// A task alone that copies its input elsewhere.
struct ExportOptions {
    static constexpr std::string_view kName = "export";
    std::string url;
    std::optional<std::string> connection_id;

    static constexpr auto kFields = Fields{
        Field{
            &ExportOptions::url, "url",
            "Where to: s3://bucket/key, or an http(s) address that takes a PUT."
        }
            .required(),
        Field{&ExportOptions::connection_id, "connection_id", "Id or name of the connection."}
            .or_absent(),
    };
};

/// Whatever can be asked for: what a child does, and the copies that are made without one.
using Work = std::variant<Operation, ImportOptions, ExportOptions>;

/// The kinds of work, those of kKinds first.
std::vector<std::string> work_kinds();

/// Reads and judges the options of any of work_kinds(), as read_operation does.
Work read_work(
    std::string_view kind, const json::value& options, std::vector<OptionProblem>& problems
);

/// JSON Schema of its options.
json::object work_schema(std::string_view kind);

/// Where an output goes, and how it is called.
struct OutputPlace {
    std::optional<std::string> url;         // absent: managed storage
    std::optional<std::string> connection;  // for it; absent: the order's
    std::optional<std::string> name;

    static constexpr auto kFields = Fields{
        Field{
            &OutputPlace::url, "output",
            "s3://bucket/key, may hold {date}, {filename}, {kind}, {format}, {id}; for one file "
            "also an http(s) address that takes a PUT, a presigned one say; managed storage when "
            "absent."
        }
            .or_absent(),
        Field{&OutputPlace::connection, "connection", "Id or name of the connection for s3://."}
            .or_absent(),
        Field{&OutputPlace::name, "name", "What you call this output; comes back with it."}
            .or_absent(),
    };
};

/// One thing to make of the input. As JSON: `kind` and `options`, beside them the place's fields.
struct OrderedOutput {
    Work work;
    OutputPlace place;
    json::object sent;            // the options as they were sent, for show; no part of the JSON
    std::string sealed_key = {};  // that of its encryption, as stores keep it (work/stream_key.h)

    std::string_view kind() const;
    /// What a child does for it: of a copy it tells the facts.
    Operation operation() const;

    static Result<OrderedOutput> from_json(const json::value& value);
    json::value to_json_value() const;
    void append_json_to(std::string& out) const;
    static json::object schema();
};

inline constexpr std::size_t kLargestMetadata = 16U << 10U;  // bytes of its JSON
inline constexpr std::size_t kMostOutputs = 16;
inline constexpr std::size_t kTasksOfInput = 2;  // probe and import, in front of two an output
inline constexpr std::string_view kMultiKind = "multi";  // of a job that was asked for `outputs`

struct Order {
    std::string kind;  // of the job: its one output's, or kMultiKind
    TaskInput input;
    std::vector<OrderedOutput> outputs;     // at least one
    std::optional<std::string> connection;  // for an s3:// input, and outputs that name none
    json::object metadata;
    std::optional<std::string> webhook_url;
    int priority = 0;

    static constexpr auto kFields = Fields{
        Field{&Order::kind, "kind", "That of the one output, or multi."},
        Field{&Order::input, "input", "An http://, https:// or s3:// URL."}.required(),
        Field{&Order::outputs, "outputs", "1 to 16 things to make of the one input."}.required(),
        Field{&Order::connection, "connection", "Id or name of the connection for s3://."}
            .or_absent(),
        Field{
            &Order::metadata, "metadata",
            "Any JSON object; comes back with the job; at most 16 KiB."
        },
        Field{&Order::webhook_url, "webhook_url", "Where to POST the finished object."}.or_absent(),
        Field{&Order::priority, "priority", "Higher first among what waits; 0 by default."}.between(
            -10, 10
        ),
    };

    /// The connection of an output; once the order was judged, its id.
    const std::optional<std::string>& connection_of(const OrderedOutput& output) const {
        return output.place.connection ? output.place.connection : connection;
    }
};

/// The document that asks for the same again, with the keys that are not sealed.
json::object document_of(const Order& order);

/// A new job for an order, with its tasks waiting.
Job make_job(const Order& order, UnixMillis now);

/// How messages name one output of several: its name, or "outputs.1"; "" where there is only one.
std::string label_of(const Order& order, std::size_t output);

/// Gives a job that makes several outputs the list of them, as its tasks have them.
void show_outputs(Job& job, const Order& order);

/// The tasks of a job that nobody has begun: all of them follow from it, their ids too.
std::vector<Task> waiting_tasks(const Order& order, std::string_view job_id, UnixMillis created_at);

/// The one task behind which a hidden job stands.
std::vector<Task> standalone_task(
    const Order& order, std::string_view job_id, UnixMillis created_at
);

}  // namespace ittybit
