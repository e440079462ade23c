using System.Text.Json.Nodes;

namespace Atelier.Kubernetes.Tests.ApiServer;

/// <summary>Who owns which fields of an object, for server-side apply: a list, or a value, is one field; a status is nobody's.</summary>
internal sealed class FieldOwners
{
    private readonly Dictionary<string, HashSet<string>> _byManager = [];

    /// <summary>Takes fields for a manager, and tells with whom it is at odds over them.</summary>
    /// <param name="manager">Who applies.</param>
    /// <param name="wanted">What it applies.</param>
    /// <param name="present">What is there.</param>
    /// <param name="force">Whether fields are taken from others.</param>
    /// <returns>The conflicts, as the server words them, and fields that the manager owned and does not name any more.</returns>
    public (List<string> Conflicts, List<string> Dropped) Apply(string manager, JsonObject wanted, JsonObject present, bool force)
    {
        var leaves = Leaves(wanted).ToDictionary(leaf => leaf.Path, leaf => leaf.Value);
        var there = Leaves(present).ToDictionary(leaf => leaf.Path, leaf => leaf.Value);
        List<string> conflicts = [];
        foreach (var (other, owned) in _byManager.Where(one => one.Key != manager))
        {
            foreach (var path in owned.Where(path => leaves.TryGetValue(path, out var value) && !JsonNode.DeepEquals(value, there.GetValueOrDefault(path))).ToList())
            {
                if (force) owned.Remove(path);
                else conflicts.Add($"conflict with \"{other}\": {path}");
            }
        }

        if (conflicts.Count > 0) return (conflicts, []);
        var former = _byManager.GetValueOrDefault(manager) ?? [];
        var dropped = former.Where(path => !leaves.ContainsKey(path) && !_byManager.Any(other => other.Key != manager && other.Value.Contains(path))).ToList();
        _byManager[manager] = [.. leaves.Keys];
        return ([], dropped);
    }

    /// <summary>A manager has set fields otherwise: they are its own from here on.</summary>
    public void Take(string manager, JsonObject before, JsonObject after)
    {
        var there = Leaves(before).ToDictionary(leaf => leaf.Path, leaf => leaf.Value);
        foreach (var (path, value) in Leaves(after))
        {
            if (there.TryGetValue(path, out var former) && JsonNode.DeepEquals(former, value)) continue;
            foreach (var other in _byManager.Values) other.Remove(path);
            if (!_byManager.TryGetValue(manager, out var owned)) _byManager[manager] = owned = [];
            owned.Add(path);
        }
    }

    private static IEnumerable<(string Path, JsonNode? Value)> Leaves(JsonObject json) =>
        json.Where(field => field.Key is not ("apiVersion" or "kind" or "status" or "metadata")).SelectMany(field => Leaves($".{field.Key}", field.Value))
            .Concat(json["metadata"] is JsonObject metadata ? new[] { "labels", "annotations" }.Where(metadata.ContainsKey).SelectMany(name => Leaves($".metadata.{name}", metadata[name])) : []);

    private static IEnumerable<(string Path, JsonNode? Value)> Leaves(string path, JsonNode? value) =>
        value is JsonObject json ? json.SelectMany(field => Leaves($"{path}.{field.Key}", field.Value)) : [(path, value)];
}
