#pragma once

#include <cmath>
#include <string>

#include "base/fields_json.h"

namespace ittybit {

template <typename T>
json::object schema_of();

/// JSON Schema 2020-12 of a described struct, one property per row of its table.
template <Described T>
json::object schema_of_object() {
    json::object properties;
    json::array required;
    const T defaults;
    for_each_field<T>([&](const auto& field) {
        using Value = std::decay_t<decltype(defaults.*field.member)>;
        json::object property = schema_of<Value>();
        property["description"] = field.help;
        if (std::isfinite(field.min)) property["minimum"] = field.min;
        if (std::isfinite(field.max)) property["maximum"] = field.max;
        if (field.is_required) {
            required.push_back(json::string(field.name));
        } else if constexpr (!Described<Value> && !kIsList<Value> && !kIsOptional<Value>) {
            property["default"] = to_json(defaults.*field.member);
        }
        properties[field.name] = std::move(property);
    });
    json::object schema{
        {"type", "object"}, {"additionalProperties", false}, {"properties", std::move(properties)}
    };
    if (!required.empty()) schema["required"] = std::move(required);
    return schema;
}

template <Named T>
json::object schema_of_names() {
    json::array values;
    for (const auto& row : names(T{})) values.push_back(json::string(row.name));
    return {{"type", "string"}, {"enum", std::move(values)}};
}

/// JSON Schema of any type that Reader reads.
template <typename T>
json::object schema_of() {
    if constexpr (std::is_same_v<T, json::value>) {
        return {};
    } else if constexpr (std::is_same_v<T, json::object>) {
        return {{"type", "object"}, {"additionalProperties", true}};
    } else if constexpr (Described<T>) {
        return schema_of_object<T>();
    } else if constexpr (Named<T>) {
        return schema_of_names<T>();
    } else if constexpr (SelfDescribed<T>) {
        return T::schema();
    } else if constexpr (kIsOptional<T>) {
        return schema_of<typename T::value_type>();
    } else if constexpr (kIsList<T>) {
        return {{"type", "array"}, {"items", schema_of<typename T::value_type>()}};
    } else if constexpr (std::is_same_v<T, bool>) {
        return {{"type", "boolean"}};
    } else if constexpr (std::is_integral_v<T>) {
        return {{"type", "integer"}};
    } else if constexpr (std::is_floating_point_v<T>) {
        return {{"type", "number"}};
    } else {
        return {{"type", "string"}};
    }
}

}  // namespace ittybit
