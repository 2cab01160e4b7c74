#include "model/read_order.h"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "base/fields_json.h"
#include "base/text.h"
#include "model/option_names.h"
#include "model/order_problems.h"
#include "model/output_name.h"
#include "model/read_output.h"

namespace ittybit {
namespace {

void replace_all(std::string& text, std::string_view word, std::string_view by) {
    for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at + by.size())) {
        text.replace(at, word.size(), by);
    }
}

/// Where an output goes, in words that no two may share: what is not known yet stays as it is.
std::string place_of(const OrderedOutput& output) {
    auto place = output.place.url.value_or("");
    std::string format(extension_of(output.operation()));
    if (format.empty()) format = "{format}";
    replace_all(place, "{kind}", output.kind());
    replace_all(place, "{format}", format);
    if (makes_folder(output.operation())) {
        if (is_s3(place) && !place.ends_with('/')) place += '/';
        return place;
    }
    if (is_s3(place) && extension_in(place).empty()) place += "." + format;
    return place;
}

/// One reading of one document.
class OrderReader {
public:
    OrderReader(const json::object& document, const OrderRules& rules)
        : document_(document), rules_(rules) {}

    Result<OrderReading> read() {
        read_envelope();
        if (rules_.takes_outputs && member(document_, "outputs") != nullptr) {
            read_outputs();
        } else {
            order_.outputs.push_back(read_one(document_, ""));
            order_.kind = order_.outputs.front().kind();
        }
        check_input();
        check_metadata();
        check_webhook();
        TRY(find_connections());
        check_places_differ();
        return OrderReading{std::move(order_), std::move(problems_).ranked()};
    }

private:
    void wrong(ErrorKind kind, std::string_view field, std::string message) {
        problems_.add(kind, std::string(field), std::move(message));
    }

    void read_envelope() {
        json::object envelope{{"outputs", json::array()}};
        for (const auto& [name, value] : document_) {
            if (is_order_field(name)) envelope[name] = value;
        }
        Reader reader;
        reader.read(envelope, order_);
        for (const auto& problem : reader.problems()) {
            if (problem.where == "input") continue;  // judged below
            wrong(kind_of_field(problem.where), problem.where, problem.message);
        }
    }

    void read_outputs() {
        order_.kind = kMultiKind;
        for (const auto& [key, value] : document_) {
            const std::string_view name = key;
            if (value.is_null() || is_order_field(name) || name == "outputs") continue;
            if (!is_output_field(name, "outputs.0", rules_) && !is_option(name)) {
                wrong(ErrorKind::kInvalidRequest, name, not_a_field(name, "", rules_));
                continue;
            }
            wrong(
                ErrorKind::kInvalidRequest, name,
                fmt::format("{} does not go with outputs: each of them has its own", name)
            );
        }
        const auto* list = document_.at("outputs").if_array();
        if (list == nullptr || list->empty() || list->size() > kMostOutputs) {
            return wrong(
                ErrorKind::kInvalidRequest, "outputs",
                fmt::format("outputs must be a list of 1 to {}", kMostOutputs)
            );
        }
        for (std::size_t i = 0; i < list->size(); ++i) {
            const auto at = fmt::format("outputs.{}", i);
            if (const auto* given = list->at(i).if_object()) {
                order_.outputs.push_back(read_one(*given, at));
            } else {
                wrong(ErrorKind::kInvalidRequest, at, at + " must be an object");
                order_.outputs.emplace_back();
            }
        }
    }

    OrderedOutput read_one(const json::object& given, const std::string& at) {
        return read_output(given, at, rules_, order_.connection, problems_);
    }

    void check_places_differ() {
        std::map<std::pair<std::string, std::string>, std::size_t>
            taken;  // by connection and place
        for (std::size_t i = 0; i < order_.outputs.size(); ++i) {
            const auto place = place_of(order_.outputs[i]);
            const bool is_found = place.ends_with('/') && !is_s3(place);  // names are, there
            if (place.empty() || is_found) continue;
            const auto connection = order_.connection_of(order_.outputs[i]).value_or("");
            const auto [first, is_new] = taken.emplace(std::pair(connection, place), i);
            if (is_new) continue;
            wrong(
                ErrorKind::kInvalidOutput, fmt::format("outputs.{}.output", i),
                fmt::format(
                    "outputs.{}.output is the place of outputs.{} already: give each its own", i,
                    first->second
                )
            );
        }
    }

    void check_input() {
        const auto* value = member(document_, "input");
        if (value != nullptr && !value->is_string() && !rules_.is_task) {
            return wrong(ErrorKind::kInvalidInput, "input", "input must be a URL, as a string");
        }
        if (value != nullptr) {
            const auto read = TaskInput::from_json(*value);
            if (!read) {
                return wrong(ErrorKind::kInvalidInput, "input", "input " + read.error().message);
            }
            check_is_one_file(*read);
        }
        const auto url = order_.input.url();
        if (url.empty()) {
            return wrong(ErrorKind::kInputRequired, "input", "input is required: give a URL");
        }
        if (const auto checked = check_address(url, "input", rules_); !checked)
            return wrong(ErrorKind::kInvalidInput, "input", checked.error().message);
        check_copied_format(url);
    }

    /// What is copied has the format that its address ends in.
    void check_copied_format(std::string_view url) {
        if (order_.kind != ExportOptions::kName || !extension_of_address(url).empty()) return;
        const auto place = order_.outputs.front().place.url.value_or("");
        if (place.find("{format}") == std::string::npos) return;
        wrong(
            ErrorKind::kInvalidOutput, "options.url",
            "options.url holds {format}, which the address of input does not tell: name it"
        );
    }

    void check_is_one_file(const TaskInput& input) {
        const auto* file = std::get_if<File>(&input.file);
        if (file == nullptr || !file->parts || order_.kind != ExportOptions::kName) return;
        wrong(
            ErrorKind::kInvalidInput, "input",
            "input has parts, and this kind copies one file: name an s3:// output where it is "
            "made, or give the address of one of its files"
        );
    }

    void check_metadata() {
        if (json_text(order_.metadata).size() <= kLargestMetadata) return;
        wrong(ErrorKind::kInvalidRequest, "metadata", "metadata is larger than 16 KiB");
    }

    void check_webhook() {
        if (!order_.webhook_url) return;
        const auto& url = *order_.webhook_url;
        std::string message;
        if (!rules_.takes_webhook) {
            message = "webhook_url needs a server; leave it out with --local";
        } else if (!is_web(url)) {
            message = "webhook_url must be an http:// or https:// URL";
        } else if (const auto checked = rules_.check_url(url); !checked) {
            message = "webhook_url: " + checked.error().message;
        }
        if (message.empty()) return;
        wrong(ErrorKind::kInvalidWebhookUrl, "webhook_url", std::move(message));
    }

    /// Names become ids, and what needs a connection gets the one to take where none is named.
    Result<> find_connections() {
        bool is_needed = order_.connection || is_s3(order_.input.url());
        for (std::size_t i = 0; i < order_.outputs.size(); ++i) {
            auto& place = order_.outputs[i].place;
            for (const auto& further : further_inputs(order_.outputs[i].operation()))
                is_needed = is_needed || is_s3(further.url);
            if (place.connection) {
                TRY(find_connection(place.connection, fmt::format("outputs.{}.connection", i)));
            } else {
                is_needed = is_needed || (place.url && is_s3(*place.url));
            }
        }
        return is_needed ? find_connection(order_.connection, "connection") : Result<>();
    }

    Result<> find_connection(std::optional<std::string>& name, const std::string& field) {
        auto found = TRY(rules_.find_connection(name));
        if (!found) {
            wrong(
                ErrorKind::kConnectionRequired, field,
                name ? fmt::format("there is no connection {}", compact_json(json::value(*name)))
                     : "s3:// needs a connection: add one, or name which of yours is meant"
            );
        }
        name = std::move(found);
        return {};
    }

    const json::object& document_;
    const OrderRules& rules_;
    Order order_;
    OrderProblems problems_;
};

}  // namespace

Result<OrderReading> read_order(const json::value& document, const OrderRules& rules) {
    if (document.is_object()) return OrderReader(document.get_object(), rules).read();
    return Error{ErrorKind::kInvalidRequest, "the body must be a JSON object", ""};
}

Error error_of(const std::vector<OptionProblem>& problems) {
    std::vector<std::string> sentences;
    for (const auto& problem : problems) sentences.push_back(problem.message);
    return {problems.front().kind, join(sentences, "; "), problems.front().field};
}

}  // namespace ittybit
