using System.Net;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using k8s;

namespace Atelier.Kubernetes.Api;

/// <summary>
/// The objects of one namespace. The client's package knows clusters, accounts and their tokens; requests are made here, because every kind is
/// handled alike, and what is said of a failure depends on what was asked.
/// </summary>
public sealed class KubernetesApi : IDisposable
{
    private const int MostTries = 6;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    /// <summary>The server ends a watch after so long; a connection that broke without a word is noticed then.</summary>
    private static readonly TimeSpan WatchLength = TimeSpan.FromMinutes(5);

    private readonly k8s.Kubernetes _client;
    private readonly TimeProvider _time;

    /// <param name="access">The cluster.</param>
    /// <param name="time">The clock.</param>
    public KubernetesApi(ClusterAccess access, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(access);
        (_client, _time, Access) = (new k8s.Kubernetes(access.Configuration) { HttpClientTimeout = Timeout.InfiniteTimeSpan }, time, access);
    }

    /// <summary>The cluster.</summary>
    public ClusterAccess Access { get; }

    /// <summary>An object; null where there is none.</summary>
    public async Task<JsonObject?> FindAsync(ResourceKind kind, string name, CancellationToken cancellation)
    {
        try
        {
            return await CallAsync(HttpMethod.Get, "get", kind, $"/{name}", null, null, cancellation);
        }
        catch (KubernetesApiException error) when (error.IsNotFound)
        {
            return null;
        }
    }

    /// <summary>All objects, and the version of the list.</summary>
    /// <param name="selector">Labels that they have; empty for any.</param>
    public async Task<(IReadOnlyList<JsonObject> Items, string Version)> ListAsync(ResourceKind kind, string selector, CancellationToken cancellation)
    {
        var list = await CallAsync(HttpMethod.Get, "list", kind, Query(("labelSelector", selector)), null, null, cancellation);
        var items = list["items"]?.AsArray().OfType<JsonObject>().ToList() ?? [];
        return (items, (string?)list["metadata"]?["resourceVersion"] ?? "");
    }

    /// <summary>What happens to the objects after a version of the list, until the server ends the watch.</summary>
    /// <exception cref="KubernetesApiException">It broke; <see cref="KubernetesApiException.IsGone"/>: the version is too old.</exception>
    public async IAsyncEnumerable<WatchChange> WatchAsync(ResourceKind kind, string selector, string version, [EnumeratorCancellation] CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(kind);
        var query = Query(("watch", "true"), ("allowWatchBookmarks", "true"), ("resourceVersion", version), ("timeoutSeconds", $"{(int)WatchLength.TotalSeconds}"), ("labelSelector", selector));
        using var late = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        late.CancelAfter(WatchLength + Patience);
        using var response = await SendAsync(HttpMethod.Get, "watch", kind, query, null, null, late.Token);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(late.Token), Encoding.UTF8);
        while (await ReadLineAsync(reader, late.Token) is { } line)
        {
            if (JsonNode.Parse(line) is not JsonObject change || change["object"] is not JsonObject subject) continue;
            if ((string?)change["type"] == "ERROR")
                throw new KubernetesApiException((HttpStatusCode)((int?)subject["code"] ?? 500), (string?)subject["reason"] ?? "", (string?)subject["message"] ?? "the watch failed");
            yield return new((string?)change["type"] switch
            {
                "DELETED" => WatchChangeKind.Gone,
                "BOOKMARK" => WatchChangeKind.Bookmark,
                _ => WatchChangeKind.There,
            }, subject);
        }
    }

    /// <summary>Makes an object.</summary>
    public Task<JsonObject> CreateAsync(ResourceKind kind, JsonObject made, string manager, CancellationToken cancellation) =>
        CallAsync(HttpMethod.Post, "create", kind, Query(("fieldManager", manager), ("fieldValidation", "Strict")), made, "application/json", cancellation);

    /// <summary>Changes fields of an object by RFC 7386; with a resourceVersion among them, only that version of it.</summary>
    /// <param name="part">A part with rights of its own, such as <c>status</c>; empty for the object.</param>
    public Task<JsonObject> PatchAsync(ResourceKind kind, string name, string part, JsonObject change, string manager, CancellationToken cancellation) =>
        CallAsync(HttpMethod.Patch, "patch", kind, $"/{name}{(part.Length > 0 ? $"/{part}" : "")}{Query(("fieldManager", manager))}", change, "application/merge-patch+json", cancellation);

    /// <summary>Server-side apply: makes an object, or sets the fields that are given; unknown ones are refused.</summary>
    /// <param name="manager">Who owns the fields from here on.</param>
    /// <param name="force">Whether fields that others own are taken from them.</param>
    public Task<JsonObject> ApplyAsync(ResourceKind kind, JsonObject wanted, string manager, bool force, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(wanted);
        var query = Query(("fieldManager", manager), ("force", force ? "true" : "false"), ("fieldValidation", "Strict"));
        // JSON is YAML.
        return CallAsync(HttpMethod.Patch, "patch", kind, $"/{(string?)wanted["metadata"]!["name"]}{query}", wanted, "application/apply-patch+yaml", cancellation);
    }

    /// <summary>Deletes an object, and what it owns, in the background.</summary>
    /// <param name="uid">Which object of that name; another one is left alone.</param>
    public Task DeleteAsync(ResourceKind kind, string name, string uid, CancellationToken cancellation)
    {
        var options = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "DeleteOptions",
            ["propagationPolicy"] = "Background",
            ["preconditions"] = new JsonObject { ["uid"] = uid },
        };
        return CallAsync(HttpMethod.Delete, "delete", kind, $"/{name}", options, "application/json", cancellation);
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    private static string Query(params IEnumerable<(string Name, string Value)> parameters) =>
        string.Join('&', parameters.Where(one => one.Value.Length > 0).Select(one => $"{one.Name}={Uri.EscapeDataString(one.Value)}")) is { Length: > 0 } query ? $"?{query}" : "";

    private async Task<JsonObject> CallAsync(HttpMethod method, string verb, ResourceKind kind, string path, JsonObject? body, string? type, CancellationToken cancellation)
    {
        using var late = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        late.CancelAfter(Patience * MostTries);
        using var response = await SendAsync(method, verb, kind, path, body, type, late.Token);
        try
        {
            return JsonNode.Parse(await response.Content.ReadAsStringAsync(late.Token)) as JsonObject ?? throw new KubernetesApiException("the API server's answer is not an object");
        }
        catch (Exception error) when (error is JsonException or HttpRequestException or IOException)
        {
            throw new KubernetesApiException($"the API server's answer broke off: {error.Message}", error);
        }
    }

    /// <summary>Sends a request; again where the server has too much to do and has not begun with it.</summary>
    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string verb, ResourceKind kind, string path, JsonObject? body, string? type, CancellationToken cancellation)
    {
        for (var tries = 1; ; tries++)
        {
            var response = await SendOnceAsync(method, kind, path, body, type, cancellation);
            if (response.IsSuccessStatusCode) return response;
            using (response)
            {
                if (response.StatusCode == HttpStatusCode.TooManyRequests && tries < MostTries && response.Headers.RetryAfter is { } after)
                {
                    await Task.Delay(PauseOf(after), _time, cancellation);
                    continue;
                }

                throw KubernetesApiException.Of(response.StatusCode, await response.Content.ReadAsStringAsync(cancellation), verb, kind, Access.Namespace);
            }
        }
    }

    private TimeSpan PauseOf(RetryConditionHeaderValue after)
    {
        var pause = after.Delta ?? (after.Date - _time.GetUtcNow()) ?? TimeSpan.Zero;
        return pause < TimeSpan.Zero ? TimeSpan.Zero : pause > LongestPause ? LongestPause : pause;
    }

    private async Task<HttpResponseMessage> SendOnceAsync(HttpMethod method, ResourceKind kind, string path, JsonObject? body, string? type, CancellationToken cancellation)
    {
        var root = _client.BaseUri.AbsoluteUri.TrimEnd('/');
        using var request = new HttpRequestMessage(method, $"{root}/{kind.PathIn(Access.Namespace)}{path}");
        if (body is not null)
        {
            request.Content = new StringContent(body.ToJsonString(), Encoding.UTF8);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(type!);
        }

        try
        {
            if (_client.Credentials is { } credentials)
                await credentials.ProcessHttpRequestAsync(request, cancellation);
            return await _client.HttpClient.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        }
        catch (HttpRequestException error)
        {
            throw new KubernetesApiException($"cannot reach the API server at {root}: {error.GetBaseException().Message}", error);
        }
    }

    private static async Task<string?> ReadLineAsync(StreamReader reader, CancellationToken cancellation)
    {
        try
        {
            return await reader.ReadLineAsync(cancellation);
        }
        catch (Exception error) when (error is IOException or HttpRequestException)
        {
            throw new KubernetesApiException($"the watch broke: {error.Message}", error);
        }
    }
}

/// <summary>Something that happened to an object.</summary>
/// <param name="Kind">What.</param>
/// <param name="Subject">The object then; of a bookmark only its version.</param>
public sealed record WatchChange(WatchChangeKind Kind, JsonObject Subject);

/// <summary>What can happen to an object.</summary>
public enum WatchChangeKind
{
    /// <summary>It was made or changed.</summary>
    There,

    /// <summary>It is gone.</summary>
    Gone,

    /// <summary>Nothing; the list has got a version to go on from.</summary>
    Bookmark,
}

/// <summary>A kind of object in a namespace, and where the API server keeps it.</summary>
/// <param name="Group">The API's group; empty for the core.</param>
/// <param name="Version">The group's version.</param>
/// <param name="Plural">Its name in paths and rights.</param>
/// <param name="Kind">Its name in objects.</param>
public sealed record ResourceKind(string Group, string Version, string Plural, string Kind)
{
    public static ResourceKind TrainingRuns { get; } = new("atelier.dev", "v1alpha1", "trainingruns", "TrainingRun");

    public static ResourceKind Jobs { get; } = new("batch", "v1", "jobs", "Job");

    public static ResourceKind Pods { get; } = new("", "v1", "pods", "Pod");

    public static ResourceKind PodTemplates { get; } = new("", "v1", "podtemplates", "PodTemplate");

    /// <summary>As objects name it.</summary>
    public string ApiVersion => Group.Length > 0 ? $"{Group}/{Version}" : Version;

    /// <summary>As rights name it.</summary>
    public string QualifiedName => Group.Length > 0 ? $"{Plural}.{Group}" : Plural;

    /// <summary>The path of all objects in a namespace.</summary>
    public string PathIn(string space) => $"{(Group.Length > 0 ? $"apis/{Group}" : "api")}/{Version}/namespaces/{Uri.EscapeDataString(space)}/{Plural}";
}
