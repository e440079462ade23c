using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Atelier.Kubernetes.Api;
using Atelier.Kubernetes.Objects;
using Atelier.Kubernetes.Tests.Manifests;
using Atelier.TestKit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Atelier.Kubernetes.Tests.ApiServer;

/// <summary>
/// An API server of Kubernetes on this machine, as far as the operator and <c>submit --kubernetes</c> rely on one, which can be told to behave
/// as badly as real ones do. Written from Kubernetes' documentation of its API; no real server was there to compare it with.
/// </summary>
internal sealed class LocalApiServer : IAsyncDisposable
{
    public const string Namespace = "training", OperatorToken = "token-of-the-operator", PersonToken = "token-of-a-person";

    // Accounts may what the manifests let them.
    private static readonly Dictionary<string, JsonObject> Roles = new()
    {
        [OperatorToken] = RoleOf("atelier-operator"),
        [PersonToken] = RoleOf("atelier-submitter"),
    };

    private static readonly string[] Known = ["trainingruns", "jobs", "pods", "podtemplates"];

    private readonly WebApplication _app;
    private readonly HashSet<(string Verb, string Plural)> _denied = [];
    private readonly string _folder = Directory.CreateTempSubdirectory("atelier-kube-").FullName;
    private CancellationTokenSource _watches = new();
    private int _throttled;

    private LocalApiServer(WebApplication app, ObjectStore store) => (_app, Store) = (app, store);

    public ObjectStore Store { get; }

    /// <summary>Every request, as verb and kind.</summary>
    public System.Collections.Concurrent.ConcurrentQueue<string> Requests { get; } = new();

    /// <summary>Called before a patch is looked at, with the kind.</summary>
    public Action<string> BeforePatch { get; set; } = _ => { };

    public string Address => _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();

    /// <summary>A kubeconfig file that leads here.</summary>
    public string Kubeconfig => Path.Combine(_folder, "config");

    public ClusterAccess Access => ClusterAccess.Find(Kubeconfig, null, null);

    /// <param name="token">The account of its kubeconfig.</param>
    public static async Task<LocalApiServer> StartAsync(string token = OperatorToken)
    {
        var schema = JsonNode.Parse(TrainingRunDefinition.Create().ToJsonString())!["spec"]!["versions"]![0]!["schema"]!["openAPIV3Schema"]!.AsObject();
        var store = new ObjectStore(new Dictionary<string, JsonObject> { ["trainingruns"] = schema }, TimeProvider.System);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var app = builder.Build();
        var server = new LocalApiServer(app, store);
        app.Run(server.AnswerAsync);
        await app.StartAsync(TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(server.Kubeconfig, KubeconfigOf(server.Address, token, Namespace));
        return server;
    }

    public static string KubeconfigOf(string address, string token, string space) => $$$"""
        apiVersion: v1
        kind: Config
        current-context: here
        clusters: [{name: here, cluster: {server: "{{{address}}}"}}]
        users: [{name: me, user: {token: {{{token}}}}}]
        contexts: [{name: here, context: {cluster: here, user: me, namespace: {{{space}}}}}]
        """;

    /// <summary>Takes a right away, or gives it back.</summary>
    public void Deny(string verb, string plural, bool isDenied = true)
    {
        lock (_denied) _ = isDenied ? _denied.Add((verb, plural)) : _denied.Remove((verb, plural));
    }

    /// <summary>Has too much to do for so many requests.</summary>
    public void Throttle(int requests) => Volatile.Write(ref _throttled, requests);

    /// <summary>Breaks all watches off.</summary>
    public void BreakWatches() => Interlocked.Exchange(ref _watches, new()).Cancel();

    public async ValueTask DisposeAsync()
    {
        BreakWatches();
        using var soon = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
        await _app.StopAsync(soon.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _app.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task AnswerAsync(HttpContext context)
    {
        try
        {
            await AnswerAsync(context, context.Request);
        }
        catch (StatusException refused)
        {
            await WriteAsync(context, refused.Status, refused.Body);
        }
        catch (Exception error) when (error is OperationCanceledException or IOException)
        {
            context.Abort();
        }
    }

    private async Task AnswerAsync(HttpContext context, HttpRequest request)
    {
        // (api/v1 | apis/GROUP/VERSION)/namespaces/NAMESPACE/PLURAL[/NAME[/PART]]
        var all = request.Path.Value!.Trim('/').Split('/');
        var path = all[0] == "api" ? all[2..] : all[3..];
        var (plural, name, part) = (path[2], path.ElementAtOrDefault(3), path.ElementAtOrDefault(4) ?? "");
        var isWatch = request.Query["watch"] == "true";
        var verb = request.Method switch { "GET" when name is not null => "get", "GET" when isWatch => "watch", "GET" => "list", "POST" => "create", "DELETE" => "delete", _ => "patch" };
        Requests.Enqueue($"{verb} {plural}{(part.Length > 0 ? $"/{part}" : "")}");
        if (!Roles.TryGetValue(request.Headers.Authorization.ToString().Replace("Bearer ", "", StringComparison.Ordinal), out var role)) throw new StatusException(HttpStatusCode.Unauthorized, "Unauthorized", "Unauthorized");
        if (Interlocked.Decrement(ref _throttled) >= 0)
        {
            context.Response.Headers.RetryAfter = "0";
            throw new StatusException(HttpStatusCode.TooManyRequests, "TooManyRequests", "the server has received too many requests and has asked us to try again later");
        }

        RequireRight(verb, plural, part, path[1], role);
        if (!Known.Contains(plural)) throw new StatusException(HttpStatusCode.NotFound, "NotFound", "the server could not find the requested resource");
        var manager = (string?)request.Query["fieldManager"] ?? "unknown";
        switch (verb)
        {
            case "watch":
                await WatchAsync(context, plural, request);
                break;
            case "list":
                var (items, version) = Store.List(plural, (string?)request.Query["labelSelector"] ?? "");
                await WriteAsync(context, HttpStatusCode.OK, new() { ["kind"] = "List", ["metadata"] = new JsonObject { ["resourceVersion"] = version }, ["items"] = new JsonArray([.. items]) });
                break;
            case "get":
                await WriteAsync(context, HttpStatusCode.OK, Store.Find(plural, name!) ?? throw new StatusException(HttpStatusCode.NotFound, "NotFound", $"{plural} \"{name}\" not found"));
                break;
            case "create":
                await WriteAsync(context, HttpStatusCode.Created, Store.Create(plural, await ReadAsync(request), manager));
                break;
            case "delete":
                Store.Delete(plural, name!, (string?)(await ReadAsync(request))["preconditions"]?["uid"]);
                await WriteAsync(context, HttpStatusCode.OK, new() { ["kind"] = "Status", ["status"] = "Success" });
                break;
            default:
                var body = await ReadAsync(request);
                BeforePatch(plural);
                var isApply = request.ContentType == "application/apply-patch+yaml";
                await WriteAsync(context, HttpStatusCode.OK, isApply ? Store.Apply(plural, name!, body, manager, request.Query["force"] == "true") : Store.Merge(plural, name!, part, body, manager));
                break;
        }
    }

    private static JsonObject RoleOf(string name) =>
        KubernetesSchemas.Read(Repository.Read("deploy/k8s/base/rights.yaml")).Single(json => (string?)json["kind"] == "Role" && (string?)json["metadata"]!["name"] == name);

    private void RequireRight(string verb, string plural, string part, string space, JsonObject role)
    {
        var resource = part.Length > 0 ? $"{plural}/{part}" : plural;
        var isGranted = role["rules"]!.AsArray().Any(rule => Has(rule!["resources"], resource) && Has(rule["verbs"], verb));
        lock (_denied)
        {
            if (space != Namespace || !isGranted || _denied.Contains((verb, plural)))
                throw new StatusException(HttpStatusCode.Forbidden, "Forbidden", $"{plural} is forbidden: User \"system:serviceaccount:{space}:atelier\" cannot {verb} resource \"{plural}\" in the namespace \"{space}\"");
        }
    }

    private static bool Has(JsonNode? list, string name) => list!.AsArray().Any(one => (string?)one == name);

    private async Task WatchAsync(HttpContext context, string plural, HttpRequest request)
    {
        var version = long.Parse(request.Query["resourceVersion"]!);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, Volatile.Read(ref _watches).Token);
        await context.Response.StartAsync(ended.Token);
        while (true)
        {
            var next = Store.Changed;
            try
            {
                var (changes, upTo) = Store.After(plural, (string?)request.Query["labelSelector"] ?? "", version);
                foreach (var (type, subject) in changes) await LineAsync(type, subject);
                version = upTo;
            }
            catch (StatusException gone)
            {
                await LineAsync("ERROR", gone.Body);
                return;
            }

            await next.WaitAsync(ended.Token);
        }

        async Task LineAsync(string type, JsonObject subject)
        {
            await context.Response.WriteAsync(new JsonObject { ["type"] = type, ["object"] = subject.DeepClone() }.ToJsonString() + "\n", ended.Token);
            await context.Response.Body.FlushAsync(ended.Token);
        }
    }

    private static async Task<JsonObject> ReadAsync(HttpRequest request) => (await JsonNode.ParseAsync(request.Body))!.AsObject();

    private static Task WriteAsync(HttpContext context, HttpStatusCode status, JsonObject body)
    {
        context.Response.StatusCode = (int)status;
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(body.ToJsonString(new JsonSerializerOptions()));
    }
}
