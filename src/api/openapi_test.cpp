#include "api/openapi.h"

#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/handlers.h"

namespace ittybit::api {
namespace {

const json::object& document() {
    static const json::object kMade = openapi_document(all_routes(), "1");
    return kMade;
}

const json::object& schema(std::string_view name) {
    return document().at("components").as_object().at("schemas").as_object().at(name).as_object();
}

TEST(OpenApi, EachOperationNamesItsScope) {
    const auto security_of = [](std::string_view path, std::string_view method) {
        const auto& operations = document().at("paths").as_object().at(path).as_object();
        return compact_json(operations.at(method).at("security"));
    };
    EXPECT_EQ(security_of("/jobs", "get"), R"([{"key":["read"]}])");
    EXPECT_EQ(security_of("/jobs/{id}", "delete"), R"([{"key":["create"]}])");
    EXPECT_EQ(security_of("/connections", "get"), R"([{"key":["admin"]}])");
    EXPECT_EQ(security_of("/uploads", "post"), R"([{"key":["create"]},{"uploadToken":[]}])");
    EXPECT_EQ(security_of("/health", "get"), "[]");
}

TEST(OpenApi, OperationsAreNamedInWordsAndOnce) {
    std::map<std::string, std::string> names;
    for (const auto& path : document().at("paths").as_object()) {
        for (const auto& operation : path.value().as_object()) {
            const std::string id(operation.value().at("operationId").as_string());
            const auto where = std::string(operation.key()) + " " + std::string(path.key());
            EXPECT_TRUE(names.emplace(id, where).second) << id << " is " << where << " too";
            EXPECT_THAT(id, testing::MatchesRegex("[a-z][A-Za-z]+"));
        }
    }
    EXPECT_EQ(names["createJob"], "post /jobs");
    EXPECT_EQ(names["listJobs"], "get /jobs");
    EXPECT_EQ(names["getJobEvents"], "get /jobs/{id}/events");
    EXPECT_EQ(names["cancelTask"], "post /tasks/{id}/cancel");
    EXPECT_EQ(names["deleteTask"], "delete /tasks/{id}");
    EXPECT_EQ(names["resendJobWebhook"], "post /jobs/{id}/webhooks/{delivery}/resend");
    EXPECT_EQ(names["createUploadToken"], "post /uploads/tokens");
    EXPECT_EQ(names["listTaskParts"], "get /tasks/{id}/parts");
}

TEST(OpenApi, EachKindOfRequestHasANameThatTheDiscriminatorMapsTo) {
    const auto& mapping = schema("SingleJobRequest").at("discriminator").at("mapping").as_object();
    EXPECT_EQ(
        mapping.at("adaptive_video").as_string(), "#/components/schemas/AdaptiveVideoJobRequest"
    );
    for (const auto& kind : mapping) {
        const std::string name(kind.value().as_string());
        const auto& request = schema(name.substr(name.rfind('/') + 1));
        EXPECT_EQ(request.at("properties").at("kind").at("const"), json::value(kind.key()));
    }
}

TEST(OpenApi, AJobOfSeveralOutputsHasThemInPlaceOfItsKind) {
    EXPECT_EQ(schema("JobRequest").at("oneOf").as_array().size(), 2U);
    const auto& request = schema("MultiJobRequest").at("properties").as_object();
    EXPECT_FALSE(request.contains("kind") || request.contains("options"));
    EXPECT_EQ(request.at("outputs").at("items").at("$ref"), "#/components/schemas/OutputRequest");
    const auto& poster = schema("ImageOutputRequest").at("properties").as_object();
    for (const auto* name : {"kind", "options", "output", "connection", "name"}) {
        EXPECT_TRUE(poster.contains(name)) << name;
    }
}

const json::object& operation(std::string_view path, std::string_view method) {
    return document().at("paths").as_object().at(path).as_object().at(method).as_object();
}

TEST(OpenApi, WhoTakesAJobNeedNotTellItFromPlans) {
    for (const auto& [path, method] : {std::pair{"/jobs", "post"}, {"/jobs/{id}", "get"}}) {
        const auto& answers = operation(path, method).at("responses").as_object();
        const auto& content = answers.at("200").at("content").at("application/json");
        EXPECT_EQ(content.at("schema"), (json::object{{"$ref", "#/components/schemas/Job"}}));
        const auto parameters = compact_json(operation(path, method).at("parameters"));
        EXPECT_THAT(parameters, testing::HasSubstr("an explanation instead of a job"));
    }
}

TEST(OpenApi, AnUploadThatIsBeingJoinedAndAFileInABucketAreTold) {
    for (const auto* method : {"head", "patch"}) {
        const auto& upload = operation("/uploads/resumable/{id}/{name}", method);
        EXPECT_TRUE(upload.at("responses").as_object().contains("423")) << method;
    }
    const auto& file = operation("/files/{id}/{name}", "get").at("responses").as_object();
    EXPECT_TRUE(file.at("307").at("headers").as_object().contains("Location"));
}

TEST(OpenApi, AnIdempotencyKeyIsOfferedWhereItIsHeeded) {
    const auto offers = [](std::string_view path) {
        const auto parameters = compact_json(operation(path, "post").at("parameters"));
        return parameters.find("Idempotency-Key") != std::string::npos;
    };
    EXPECT_TRUE(offers("/jobs") && offers("/connections"));
    EXPECT_FALSE(offers("/connections/{id}/test"));
}

TEST(OpenApi, WhatMayBeLeftOutHasNoDefaultThatMakesItRequired) {
    for (const auto* name : {"VideoOptions", "ImageOptions", "ConnectionRequest"}) {
        for (const auto& property : schema(name).at("properties").as_object()) {
            EXPECT_FALSE(property.value().as_object().contains("default"))
                << name << " " << std::string(property.key());
        }
    }
    const auto& metadata = schema("VideoJobRequest").at("properties").at("metadata").as_object();
    EXPECT_TRUE(metadata.at("additionalProperties").as_bool());
}

}  // namespace
}  // namespace ittybit::api
