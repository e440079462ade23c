using System.Net;
using System.Text.Json.Nodes;
using k8s;
using k8s.Models;

namespace Atelier.Kubernetes.Tests.ApiServer;

/// <summary>A refusal with the server's Status.</summary>
internal sealed class StatusException(HttpStatusCode status, string reason, string message) : Exception(message)
{
    public HttpStatusCode Status { get; } = status;

    public JsonObject Body => Of(Status, reason, Message);

    public static JsonObject Of(HttpStatusCode status, string reason, string message) => new()
    {
        ["kind"] = "Status",
        ["apiVersion"] = "v1",
        ["status"] = "Failure",
        ["message"] = message,
        ["reason"] = reason,
        ["code"] = (int)status,
    };
}

/// <summary>
/// The objects of an API server in memory, with what the operator relies on: versions and conflicts, generations, the status apart,
/// finalizers, owners, field owners, schemas, and a log of changes that watches read and that forgets.
/// </summary>
internal sealed class ObjectStore(IReadOnlyDictionary<string, JsonObject> schemas, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(string Plural, string Name), JsonObject> _objects = [];
    private readonly Dictionary<string, FieldOwners> _owners = [];
    private readonly List<(long Version, string Plural, string Type, JsonObject Object)> _log = [];
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _version = 100;
    private long _forgotten = 100;
    private int _uids;

    /// <summary>Ends with the next change.</summary>
    public Task Changed
    {
        get
        {
            lock (_lock) return _changed.Task;
        }
    }

    public JsonObject? Find(string plural, string name)
    {
        lock (_lock) return _objects.GetValueOrDefault((plural, name))?.DeepClone().AsObject();
    }

    public (List<JsonObject> Items, string Version) List(string plural, string selector)
    {
        lock (_lock)
            return ([.. _objects.Where(one => one.Key.Plural == plural && Fits(one.Value, selector)).Select(one => one.Value.DeepClone().AsObject())], $"{_version}");
    }

    /// <summary>Changes after a version.</summary>
    /// <exception cref="StatusException">They are forgotten.</exception>
    public (List<(string Type, JsonObject Object)> Changes, long Version) After(string plural, string selector, long version)
    {
        lock (_lock)
        {
            if (version < _forgotten) throw new StatusException(HttpStatusCode.Gone, "Expired", $"too old resource version: {version} ({_forgotten})");
            return ([.. _log.Where(one => one.Version > version && one.Plural == plural && Fits(one.Object, selector)).Select(one => (one.Type, one.Object))], _version);
        }
    }

    /// <summary>Forgets what has happened so far, as a server does after some minutes.</summary>
    public void Compact()
    {
        lock (_lock)
        {
            _forgotten = ++_version;
            _log.Clear();
        }
    }

    public JsonObject Create(string plural, JsonObject made, string manager)
    {
        lock (_lock)
        {
            var name = (string?)made["metadata"]?["name"] ?? throw Invalid("metadata.name: Required value");
            if (_objects.ContainsKey((plural, name))) throw new StatusException(HttpStatusCode.Conflict, "AlreadyExists", $"{plural} \"{name}\" already exists");
            made = Parsed(made);
            made.Remove("status");
            Validate(plural, made, null);
            var metadata = made["metadata"]!.AsObject();
            (metadata["uid"], metadata["generation"], metadata["creationTimestamp"]) = ($"uid-{++_uids}", 1, Now);
            OwnersOf(metadata).Take(manager, [], made);
            return Keep(plural, "ADDED", made);
        }
    }

    /// <summary>RFC 7386 on the object, or on its status.</summary>
    public JsonObject Merge(string plural, string name, string part, JsonObject change, string manager)
    {
        lock (_lock)
        {
            var present = Get(plural, name);
            RequireVersion(present, change);
            var next = present.DeepClone().AsObject();
            if (part == "status") MergeInto(next, new() { ["status"] = change["status"]?.DeepClone() });
            else MergeInto(next, new(change.Where(field => field.Key != "status").Select(field => KeyValuePair.Create(field.Key, field.Value?.DeepClone()))));
            next["metadata"]!["resourceVersion"] = present["metadata"]!["resourceVersion"]!.DeepClone();
            return Replace(plural, present, next, manager);
        }
    }

    /// <summary>Server-side apply.</summary>
    public JsonObject Apply(string plural, string name, JsonObject wanted, string manager, bool force)
    {
        lock (_lock)
        {
            if (!_objects.TryGetValue((plural, name), out var present))
            {
                var made = Create(plural, wanted, manager);
                OwnersOf(made["metadata"]!.AsObject()).Apply(manager, wanted, [], force: true);
                return made;
            }

            var (conflicts, dropped) = OwnersOf(present["metadata"]!.AsObject()).Apply(manager, wanted, present, force);
            if (conflicts.Count > 0)
                throw new StatusException(HttpStatusCode.Conflict, "Conflict", $"Apply failed with {conflicts.Count} conflict{(conflicts.Count > 1 ? "s" : "")}: {string.Join(", ", conflicts)}");
            var next = present.DeepClone().AsObject();
            foreach (var path in dropped) Remove(next, path);
            MergeInto(next, Parsed(wanted));
            return Replace(plural, present, next, manager: null);
        }
    }

    public void Delete(string plural, string name, string? uid)
    {
        lock (_lock)
        {
            var present = Get(plural, name);
            if (uid is not null && uid != (string?)present["metadata"]!["uid"])
                throw new StatusException(HttpStatusCode.Conflict, "Conflict", $"the UID in the precondition ({uid}) does not match");
            if (plural == "pods" || present["metadata"]!["finalizers"] is JsonArray { Count: > 0 })
            {
                // Pods are deleted by their node, when they have ended.
                if (present["metadata"]!["deletionTimestamp"] is not null) return;
                var next = present.DeepClone().AsObject();
                next["metadata"]!["deletionTimestamp"] = Now;
                Keep(plural, "MODIFIED", next);
                return;
            }

            Remove(plural, present);
        }
    }

    /// <summary>Takes a pod away that has ended, or changes it as its node does.</summary>
    public void Node(string plural, string name, Action<JsonObject>? change)
    {
        lock (_lock)
        {
            if (!_objects.TryGetValue((plural, name), out var present)) return;
            if (change is null)
            {
                Remove(plural, present);
                return;
            }

            var next = present.DeepClone().AsObject();
            change(next);
            if (!JsonNode.DeepEquals(present, next)) Keep(plural, "MODIFIED", next);
        }
    }

    private string Now => time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'");

    /// <summary>As it comes over the wire, its numbers without a type.</summary>
    private static JsonObject Parsed(JsonObject json) => JsonNode.Parse(json.ToJsonString())!.AsObject();

    private static StatusException Invalid(string message) => new(HttpStatusCode.UnprocessableEntity, "Invalid", message);

    private FieldOwners OwnersOf(JsonObject metadata)
    {
        var uid = (string)metadata["uid"]!;
        if (!_owners.TryGetValue(uid, out var owners)) _owners[uid] = owners = new();
        return owners;
    }

    private JsonObject Get(string plural, string name) => _objects.GetValueOrDefault((plural, name))
        ?? throw new StatusException(HttpStatusCode.NotFound, "NotFound", $"{plural} \"{name}\" not found");

    private static void RequireVersion(JsonObject present, JsonObject change)
    {
        var (asked, there) = ((string?)change["metadata"]?["resourceVersion"], (string?)present["metadata"]!["resourceVersion"]);
        if (asked is not null && asked != there)
            throw new StatusException(HttpStatusCode.Conflict, "Conflict", "the object has been modified; please apply your changes to the latest version and try again");
    }

    private JsonObject Replace(string plural, JsonObject present, JsonObject next, string? manager)
    {
        if (JsonNode.DeepEquals(present, next)) return present.DeepClone().AsObject();
        Validate(plural, next, present);
        if (!JsonNode.DeepEquals(present["spec"], next["spec"])) next["metadata"]!["generation"] = (long)present["metadata"]!["generation"]! + 1;
        if (manager is not null) OwnersOf(next["metadata"]!.AsObject()).Take(manager, present, next);
        if (next["metadata"]!["deletionTimestamp"] is null || next["metadata"]!["finalizers"] is JsonArray { Count: > 0 }) return Keep(plural, "MODIFIED", next);
        Remove(plural, next);
        return next.DeepClone().AsObject();
    }

    private void Validate(string plural, JsonObject made, JsonObject? former)
    {
        if (schemas.TryGetValue(plural, out var schema))
        {
            var problems = StructuralSchema.Problems(schema, made, former);
            if (problems.Find(problem => problem.StartsWith("unknown field", StringComparison.Ordinal)) is { } unknown)
                throw new StatusException(HttpStatusCode.BadRequest, "BadRequest", $"strict decoding error: {unknown}");
            if (problems.Count > 0) throw Invalid(string.Join(", ", problems));
        }

        if (plural != "jobs") return;
        // Unknown fields and wrong types are refused by the types of the package.
        _ = KubernetesYaml.Deserialize<V1Job>(made.ToJsonString(), strict: true);
        var spec = made["spec"]!;
        if ((int?)spec["completions"] != (int?)spec["parallelism"] && former is not null)
            throw Invalid("spec.completions: Invalid value: completions can only be modified in tandem with parallelism");
        if (former is not null && !JsonNode.DeepEquals(former["spec"]!["template"], spec["template"])) throw Invalid("spec.template: Invalid value: field is immutable");
    }

    private JsonObject Keep(string plural, string type, JsonObject next)
    {
        next["metadata"]!["resourceVersion"] = $"{++_version}";
        next = Parsed(next);
        _objects[(plural, (string)next["metadata"]!["name"]!)] = next;
        Tell(plural, type, next);
        return next.DeepClone().AsObject();
    }

    /// <summary>Removes an object and what it owns.</summary>
    private void Remove(string plural, JsonObject gone)
    {
        _objects.Remove((plural, (string)gone["metadata"]!["name"]!));
        gone = gone.DeepClone().AsObject();
        gone["metadata"]!["resourceVersion"] = $"{++_version}";
        Tell(plural, "DELETED", gone);
        var uid = (string)gone["metadata"]!["uid"]!;
        foreach (var (key, owned) in _objects.Where(one => (one.Value["metadata"]!["ownerReferences"] as JsonArray)?.Any(owner => (string?)owner!["uid"] == uid) == true).ToList())
            Delete(key.Plural, key.Name, null);
    }

    private void Tell(string plural, string type, JsonObject subject)
    {
        _log.Add((_version, plural, type, subject.DeepClone().AsObject()));
        var changed = _changed;
        _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        changed.SetResult();
    }

    private static bool Fits(JsonObject json, string selector) => selector.Length == 0 || json["metadata"]!["labels"]?[selector] is not null;

    private static void MergeInto(JsonObject target, JsonObject change)
    {
        foreach (var (name, value) in change.ToList())
        {
            if (value is null) target.Remove(name);
            else if (value is JsonObject inner && target[name] is JsonObject there) MergeInto(there, inner);
            else target[name] = value.DeepClone();
        }
    }

    private static void Remove(JsonObject target, string path)
    {
        var names = path.TrimStart('.').Split('.');
        JsonNode? node = target;
        foreach (var name in names[..^1]) node = node?[name];
        (node as JsonObject)?.Remove(names[^1]);
    }
}
