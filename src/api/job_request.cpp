#include "api/job_request.h"

#include <algorithm>
#include <array>
#include <functional>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "model/operation.h"
#include "model/output_name.h"
#include "net/url.h"

namespace ittybit::api {
namespace {

constexpr std::size_t kMostErrors = 100;  // told at once
constexpr std::size_t kLargestMetadata = 16U << 10U;
constexpr std::string_view kSchemes = "input must use http://, https://, or s3:// scheme";
constexpr std::array<std::string_view, 8> kJobFields = {
    "input", "kind", "options", "output", "connection", "metadata", "webhook_url", "connection_id",
};

/// The body while it is read: what is there, and what is wrong with it.
struct Reading {
    const json::object& body;
    store::ConnectionTable& connections;
    std::vector<FieldError> errors;
    std::string kind;
    std::string input;
    json::object options;  // merged, as sent
    json::object request;  // what the worker needs
    json::object metadata;
    std::optional<std::string> webhook_url;

    void wrong(ErrorKind error, std::string_view field, std::string message) {
        if (errors.size() >= kMostErrors) return;
        errors.push_back({error, std::string(field), std::move(message)});
    }
    /// The member, unless it is absent or null.
    const json::value* member(std::string_view name) const {
        const auto* value = body.if_contains(name);
        return value == nullptr || value->is_null() ? nullptr : value;
    }
};

bool has_scheme(std::string_view url, std::string_view scheme) {
    return to_lower(url.substr(0, scheme.size())) == scheme;
}

void read_url(Reading& reading, const std::string& url) {
    if (url.empty()) {
        return reading.wrong(ErrorKind::kInputRequired, "input", "input is required: give a URL");
    }
    if (!has_scheme(url, "http://") && !has_scheme(url, "https://") && !has_scheme(url, "s3://")) {
        return reading.wrong(ErrorKind::kInvalidInput, "input", std::string(kSchemes));
    }
    const auto parsed = net::Url::parse(url);
    if (!parsed) {
        return reading.wrong(ErrorKind::kInvalidInput, "input", "input: " + parsed.error().message);
    }
    if (parsed->is_s3() && parsed->key().empty()) {
        return reading.wrong(
            ErrorKind::kInvalidInput, "input", "input must name an object: s3://bucket/key"
        );
    }
    reading.input = url;
}

void read_input(Reading& reading) {
    const auto* value = reading.member("input");
    if (value == nullptr) return read_url(reading, "");
    const auto* text = value->if_string();
    if (text == nullptr) {
        return reading.wrong(ErrorKind::kInvalidInput, "input", "input must be a URL, as a string");
    }
    read_url(reading, std::string(*text));
}

void read_kind(Reading& reading) {
    const auto* value = reading.member("kind");
    const auto* text = value != nullptr ? value->if_string() : nullptr;
    if (value == nullptr || (text != nullptr && text->empty())) {
        return reading.wrong(
            ErrorKind::kKindRequired, "kind",
            "kind is required: one of video, audio, image, animation, adaptive_video"
        );
    }
    if (text == nullptr || !is_job_kind(*text)) {
        return reading.wrong(
            ErrorKind::kInvalidKind, "kind",
            fmt::format(
                "kind must be one of video, audio, image, animation, adaptive_video, not {}",
                compact_json(*value)
            )
        );
    }
    reading.kind = std::string(*text);
}

/// Options of the reference product's guides that no kind has yet.
constexpr std::array<std::string_view, 9> kLaterOptions = {
    "interval",     "normalize",      "target_lufs", "waveform",   "waveform_points",
    "subtitle_url", "subtitle_style", "subtitles",   "encryption",
};

std::set<std::string, std::less<>> option_names() {
    std::set<std::string, std::less<>> names(kLaterOptions.begin(), kLaterOptions.end());
    for (const auto kind : kKinds) {
        const auto schema = options_schema(kind);
        for (const auto& option : schema.at("properties").as_object()) names.emplace(option.key());
    }
    return names;
}

/// Whether some kind has, or will have, an option of this name.
bool is_option_name(std::string_view name) {
    static const auto names = option_names();
    return names.contains(name);
}

/// `options` and the options given beside it become one object; all else is unknown.
void merge_options(Reading& reading, std::span<const std::string_view> known) {
    if (const auto* value = reading.member("options")) {
        if (value->is_object()) {
            reading.options = value->get_object();
        } else {
            reading.wrong(ErrorKind::kInvalidOptions, "options", "options must be an object");
        }
    }
    for (const auto& member : reading.body) {
        const std::string_view name = member.key();
        if (std::ranges::find(known, name) != known.end()) continue;
        if (!is_option_name(name)) {
            reading.wrong(
                ErrorKind::kInvalidRequest, name,
                fmt::format("{} is not a field here{}", name, suggestion(name, known))
            );
        } else if (reading.options.contains(name)) {
            reading.wrong(
                ErrorKind::kInvalidOptions, name,
                fmt::format("{} is given twice: at the top and in options", name)
            );
        } else {
            reading.options[name] = member.value();
        }
    }
}

void read_options(Reading& reading, const json::object& options) {
    if (reading.kind.empty()) return;
    std::vector<OptionProblem> problems;
    read_operation(reading.kind, options, problems);
    for (auto& problem : problems) {
        reading.wrong(problem.kind, "options." + problem.field, std::move(problem.message));
    }
}

/// Without a format given, the key's extension decides it.
void take_format_from(Reading& reading, std::string_view output, json::object& options) {
    if (reading.kind.empty()) return;
    if (const auto settled = settle_format(reading.kind, output, options); !settled) {
        reading.wrong(ErrorKind::kInvalidOutput, "output", settled.error().message);
    }
}

void read_output(Reading& reading, const json::value* value, json::object& options) {
    if (value == nullptr) return;
    const auto* text = value->if_string();
    const std::string output = text != nullptr ? std::string(*text) : "";
    if (const auto checked = check_s3_output(output); !checked) {
        return reading.wrong(ErrorKind::kInvalidOutput, "output", checked.error().message);
    }
    reading.request["output"] = output;
    take_format_from(reading, output, options);
}

/// The connection that is named, or the default one where S3 is used without a name.
Result<void> read_connection(Reading& reading) {
    const auto* value = reading.member("connection");
    if (value == nullptr) value = reading.member("connection_id");
    const auto* inner = reading.options.if_contains("connection_id");
    if (inner != nullptr && !inner->is_null() && !inner->is_string()) {
        reading.wrong(
            ErrorKind::kInvalidOptions, "options.connection_id",
            "connection_id must be a connection's name"
        );
        return {};
    }
    if (value == nullptr && inner != nullptr && !inner->is_null()) value = inner;
    const bool needs_one = has_scheme(reading.input, "s3://") || reading.request.contains("output");
    std::optional<store::ConnectionRecord> found;
    if (value != nullptr) {
        const auto* name = value->if_string();
        if (name != nullptr) found = TRY(reading.connections.find(std::string(*name)));
        if (!found) {
            reading.wrong(
                ErrorKind::kConnectionRequired, "connection",
                fmt::format("there is no connection {}: see GET /connections", compact_json(*value))
            );
            return {};
        }
    } else if (needs_one) {
        found = TRY(reading.connections.find_default());
        if (!found) {
            reading.wrong(
                ErrorKind::kConnectionRequired, "connection",
                "s3:// needs a connection: add one, or name which of yours is meant"
            );
            return {};
        }
    }
    if (found) reading.request["connection"] = found->id;
    return {};
}

void read_metadata(Reading& reading) {
    const auto* value = reading.member("metadata");
    if (value == nullptr) return;
    if (!value->is_object()) {
        return reading.wrong(ErrorKind::kInvalidRequest, "metadata", "metadata must be an object");
    }
    if (compact_json(*value).size() > kLargestMetadata) {
        return reading.wrong(
            ErrorKind::kInvalidRequest, "metadata", "metadata is larger than 16 KiB"
        );
    }
    reading.metadata = value->get_object();
}

void read_webhook(Reading& reading) {
    const auto* value = reading.member("webhook_url");
    if (value == nullptr) return;
    const auto* text = value->if_string();
    const std::string url = text != nullptr ? std::string(*text) : "";
    if (!has_scheme(url, "http://") && !has_scheme(url, "https://")) {
        return reading.wrong(
            ErrorKind::kInvalidWebhookUrl, "webhook_url",
            "webhook_url must be an http:// or https:// URL"
        );
    }
    if (const auto parsed = net::Url::parse(url); !parsed) {
        return reading.wrong(
            ErrorKind::kInvalidWebhookUrl, "webhook_url", "webhook_url: " + parsed.error().message
        );
    }
    reading.webhook_url = url;
}

Error not_an_object() {
    return {ErrorKind::kInvalidRequest, "the body must be a JSON object", ""};
}

}  // namespace

Result<JobRequest> read_job(
    const json::value& body, store::ConnectionTable& connections, UnixMillis now
) {
    if (!body.is_object()) return not_an_object();
    Reading reading{body.get_object(), connections, {}, {}, {}, {}, {}, {}, {}};
    read_input(reading);
    read_kind(reading);
    merge_options(reading, kJobFields);
    json::object effective = reading.options;
    effective.erase("connection_id");
    read_output(reading, reading.member("output"), effective);
    read_options(reading, effective);
    TRY(read_connection(reading));
    read_metadata(reading);
    read_webhook(reading);
    JobRequest result;
    result.errors = std::move(reading.errors);
    if (!result.errors.empty()) return result;
    auto& record = result.record;
    record.job = Job::make(reading.kind, reading.input, std::move(reading.options), now);
    record.job.metadata = std::move(reading.metadata);
    record.request = std::move(reading.request);
    record.request["options"] = std::move(effective);
    record.webhook_url = std::move(reading.webhook_url);
    record.show_destination();
    return result;
}

namespace {

constexpr std::array<std::string_view, 6> kTaskFields = {
    "kind", "input", "options", "connection", "webhook_url", "metadata",
};

void read_task_kind(Reading& reading) {
    const auto* value = reading.member("kind");
    if (value == nullptr) {
        return reading.wrong(
            ErrorKind::kKindRequired, "kind",
            "kind is required: probe, import, export or one of the job kinds"
        );
    }
    const std::string kind = value->is_string() ? std::string(value->get_string()) : "";
    const bool is_known =
        kind == "import" || kind == "export" || std::ranges::find(kKinds, kind) != kKinds.end();
    if (!is_known) {
        return reading.wrong(
            ErrorKind::kInvalidKind, "kind",
            fmt::format(
                "kind must be probe, import, export, video, audio, image, animation or "
                "adaptive_video, not {}",
                compact_json(*value)
            )
        );
    }
    reading.kind = kind;
}

std::optional<TaskInput> read_task_input(Reading& reading) {
    const auto* value = reading.member("input");
    if (value == nullptr) {
        read_url(reading, "");
        return std::nullopt;
    }
    auto input = TaskInput::from_json(*value);
    if (!input) {
        reading.wrong(ErrorKind::kInvalidInput, "input", "input " + input.error().message);
        return std::nullopt;
    }
    read_url(reading, input->url());
    return *std::move(input);
}

/// Export is the one kind of task that is told where to write.
void read_export_options(Reading& reading) {
    json::object unused;
    const auto* url = reading.options.if_contains("url");
    if (url == nullptr || url->is_null()) {
        return reading.wrong(
            ErrorKind::kInvalidOptions, "options.url", "url is required: where to export to"
        );
    }
    for (const auto& member : reading.options) {
        if (member.key() == "url" || member.key() == "connection_id") continue;
        reading.wrong(
            ErrorKind::kInvalidOptions, fmt::format("options.{}", std::string_view(member.key())),
            fmt::format("{} is not an option of export", std::string_view(member.key()))
        );
    }
    reading.kind.clear();  // any extension will do
    read_output(reading, url, unused);
    reading.kind = "export";
}

void read_task_options(Reading& reading) {
    merge_options(reading, kTaskFields);
    if (reading.kind == "export") return read_export_options(reading);
    json::object options = reading.options;
    options.erase("connection_id");
    if (reading.kind == "import") {
        if (options.empty()) return;
        return reading.wrong(ErrorKind::kInvalidOptions, "options", "import has no options");
    }
    read_options(reading, options);
    reading.request["options"] = std::move(options);
}

}  // namespace

Result<JobRequest> read_task(
    const json::value& body, store::ConnectionTable& connections, UnixMillis now
) {
    if (!body.is_object()) return not_an_object();
    Reading reading{body.get_object(), connections, {}, {}, {}, {}, {}, {}, {}};
    auto input = read_task_input(reading);
    read_task_kind(reading);
    read_task_options(reading);
    TRY(read_connection(reading));
    read_metadata(reading);
    read_webhook(reading);
    JobRequest result;
    result.errors = std::move(reading.errors);
    if (!result.errors.empty()) return result;
    auto& record = result.record;
    record.is_task = true;
    record.job = Job::make(reading.kind, reading.input, reading.options, now);
    record.job.tasks.resize(1);
    auto& task = record.job.tasks.front();
    task.kind = reading.kind;
    task.input = std::move(input);
    task.options = std::move(reading.options);
    task.metadata = reading.metadata;
    record.job.metadata = std::move(reading.metadata);
    record.request = std::move(reading.request);
    record.webhook_url = std::move(reading.webhook_url);
    return result;
}

store::JobRecord same_again(const store::JobRecord& earlier, UnixMillis now) {
    store::JobRecord record;
    record.job = Job::make(earlier.job.kind, earlier.job.input, earlier.job.options, now);
    record.job.metadata = earlier.job.metadata;
    record.request = earlier.request;
    record.webhook_url = earlier.webhook_url;
    record.show_destination();
    return record;
}

}  // namespace ittybit::api
