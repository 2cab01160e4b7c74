#include "model/order.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/fields_json.h"
#include "base/fields_schema.h"
#include "base/ids.h"

namespace ittybit {
namespace {

/// Options of a copy, which no child reads.
template <typename Options>
Work read_copy(const json::value& options, std::vector<OptionProblem>& problems) {
    Options read;
    Reader reader;
    reader.read(options, read);
    for (const auto& problem : reader.problems()) {
        problems.push_back({ErrorKind::kInvalidOptions, problem.where, problem.message});
    }
    return read;
}

json::value options_json(const Work& work) {
    return std::visit(
        [](const auto& options) {
            if constexpr (std::is_same_v<std::decay_t<decltype(options)>, Operation>) {
                return ittybit::options_json(options);
            } else {
                return to_json(options);
            }
        },
        work
    );
}

/// Hands out a job's tasks, whose ids follow the job's.
class Tasks {
public:
    Tasks(std::string_view job_id, UnixMillis now) : job_id_(job_id), now_(now) {}

    Task& add(std::string_view kind) {
        Task& task = tasks_.emplace_back();
        task.id = following_id(job_id_, "task", static_cast<unsigned>(tasks_.size()));
        task.kind = kind;
        task.created_at = task.updated_at = now_;
        return task;
    }

    std::vector<Task> take() { return std::move(tasks_); }

private:
    const std::string job_id_;
    const UnixMillis now_;
    std::vector<Task> tasks_;
};

}  // namespace

std::vector<std::string> work_kinds() {
    std::vector<std::string> kinds(kKinds.begin(), kKinds.end());
    for (const auto copy : {ImportOptions::kName, ExportOptions::kName}) kinds.emplace_back(copy);
    return kinds;
}

Work read_work(
    std::string_view kind, const json::value& options, std::vector<OptionProblem>& problems
) {
    if (is_operation(kind)) return read_operation(kind, options, problems);
    if (kind == ImportOptions::kName) return read_copy<ImportOptions>(options, problems);
    return read_copy<ExportOptions>(options, problems);
}

json::object work_schema(std::string_view kind) {
    if (is_operation(kind)) return options_schema(kind);
    if (kind == ImportOptions::kName) return schema_of<ImportOptions>();
    return schema_of<ExportOptions>();
}

std::string_view OrderedOutput::kind() const {
    if (const auto* operation = std::get_if<Operation>(&work)) return kind_of(*operation);
    return std::holds_alternative<ImportOptions>(work) ? ImportOptions::kName
                                                       : ExportOptions::kName;
}

Operation OrderedOutput::operation() const {
    const auto* operation = std::get_if<Operation>(&work);
    return operation != nullptr ? *operation : ProbeOptions{};
}

Result<OrderedOutput> OrderedOutput::from_json(const json::value& value) {
    const auto wrong = [](std::string reason) {
        return Error{ErrorKind::kInvalidRequest, std::move(reason), ""};
    };
    const auto kinds = work_kinds();
    const auto kind = string_at(value, "kind");
    if (std::ranges::find(kinds, kind) == kinds.end()) return wrong("has no kind");
    json::object beside = value.get_object();
    const auto options = beside["options"];
    OrderedOutput output;
    output.sealed_key = string_at(value, "sealed_key");
    for (const auto* name : {"kind", "options", "sealed_key"}) beside.erase(name);
    std::vector<OptionProblem> problems;
    output.work = read_work(kind, options, problems);
    if (!problems.empty()) return wrong("has bad options: " + problems.front().message);
    Reader reader;
    reader.read(beside, output.place);
    if (!reader.problems().empty()) return wrong("is bad: " + reader.problems().front().message);
    return output;
}

json::value OrderedOutput::to_json_value() const {
    json::object object{{"kind", kind()}, {"options", options_json(work)}};
    auto beside = to_json(place);
    if (!sealed_key.empty()) object["sealed_key"] = sealed_key;
    for (auto& member : beside.get_object()) object[member.key()] = std::move(member.value());
    return object;
}

void OrderedOutput::append_json_to(std::string& out) const {
    fmt::format_to(std::back_inserter(out), R"({{"kind":"{}","options":)", kind());
    std::visit(
        [&](const auto& options) {
            if constexpr (std::is_same_v<std::decay_t<decltype(options)>, Operation>) {
                std::visit([&](const auto& own) { append_json_of(out, own); }, options);
            } else {
                append_json_of(out, options);
            }
        },
        work
    );
    if (!sealed_key.empty()) {
        out += ",\"sealed_key\":";
        append_json_string(out, sealed_key);
    }
    const auto beside = json_text(place);
    if (beside.size() > 2) out += ',';
    out.append(beside, 1);
}

json::object OrderedOutput::schema() {
    json::array kinds;
    for (const auto& kind : work_kinds()) kinds.push_back(json::string(kind));
    auto schema = schema_of<OutputPlace>();
    auto& properties = schema["properties"].get_object();
    properties["kind"] = {{"type", "string"}, {"enum", std::move(kinds)}};
    properties["options"] = schema_of<json::object>();
    schema["required"] = json::array{"kind"};
    return schema;
}

json::object document_of(const Order& order) {
    auto whole = to_json(order);
    json::object document = std::move(whole.get_object());
    json::array outputs = std::move(document["outputs"].get_array());
    for (const auto* name : {"kind", "outputs"}) document.erase(name);
    document["input"] = order.input.url();  // a job's input is given as a string
    for (std::size_t i = 0; i < outputs.size(); ++i) {
        auto& output = outputs[i].get_object();
        output.erase("sealed_key");
        json::object options = order.outputs[i].sent;
        // It may have been sent as a name, and is beside them as an id now.
        const auto& connection = order.connection_of(order.outputs[i]);
        if (connection && options.contains("connection_id")) options["connection_id"] = *connection;
        const auto operation = order.outputs[i].operation();
        const auto* encryption = encryption_of(operation);
        if (encryption != nullptr && encryption->key)
            options["encryption"].emplace_object() = {
                {"method", name_of(encryption->method)},
                {"key_url", encryption->key_url},
                {"key", encryption->key->digits},
            };
        output["options"] = std::move(options);
    }
    if (order.kind == kMultiKind) {
        document["outputs"] = std::move(outputs);
    } else {
        for (auto& member : outputs.front().get_object()) {
            document[member.key()] = std::move(member.value());
        }
    }
    return document;
}

Job make_job(const Order& order, UnixMillis now) {
    Job job;
    job.id = make_id("job", now);
    job.kind = order.kind;
    job.input = order.input.url();
    if (order.kind != kMultiKind) job.options = order.outputs.front().sent;
    job.metadata = order.metadata;
    job.created_at = job.updated_at = now;
    job.tasks = waiting_tasks(order, job.id, now);
    show_outputs(job, order);
    return job;
}

std::string label_of(const Order& order, std::size_t output) {
    if (order.kind != kMultiKind) return "";
    return order.outputs[output].place.name.value_or(fmt::format("outputs.{}", output));
}

void show_outputs(Job& job, const Order& order) {
    if (order.kind != kMultiKind || job.tasks.size() < kTasksOfInput + 2 * order.outputs.size())
        return;
    auto& shown = job.outputs.emplace();
    auto at = kTasksOfInput;
    for (const auto& output : order.outputs) {
        auto& one = shown.emplace_back();
        one.kind = output.kind();
        one.options = output.sent;
        one.name = output.place.name;
        one.tasks = {job.tasks[at].id, job.tasks[at + 1].id};
        at += 2;
    }
    update_outputs(job);
}

std::vector<Task> waiting_tasks(
    const Order& order, std::string_view job_id, UnixMillis created_at
) {
    Tasks tasks(job_id, created_at);
    const TaskInput input{ExternalFile{.url = order.input.url()}};
    for (const auto* kind : {"probe", "import"}) tasks.add(kind).input = input;
    for (const auto& output : order.outputs) {
        tasks.add(output.kind()).options = output.sent;
        Task& exported = tasks.add("export");
        if (!output.place.url) continue;
        exported.options["url"] = *output.place.url;
        const auto& connection = order.connection_of(output);
        if (connection) exported.options["connection_id"] = *connection;
    }
    return tasks.take();
}

std::vector<Task> standalone_task(
    const Order& order, std::string_view job_id, UnixMillis created_at
) {
    Tasks tasks(job_id, created_at);
    Task& task = tasks.add(order.kind);
    task.input = order.input;
    task.options = order.outputs.front().sent;
    task.metadata = order.metadata;
    return tasks.take();
}

}  // namespace ittybit
