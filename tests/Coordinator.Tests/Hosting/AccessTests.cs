using System.Net;
using System.Text.RegularExpressions;
using Atelier.Core;
using Atelier.Core.Access;
using Atelier.Core.Fleet.Membership;
using Atelier.Coordinator.Hosting;
using Atelier.Coordinator.Tests.Storage;
using Atelier.Protos;
using Grpc.Core;
using Microsoft.AspNetCore.Routing;

namespace Atelier.Coordinator.Tests.Hosting;

/// <summary>Who may call a coordinator, and where it may listen.</summary>
public sealed class AccessTests
{
    private const string PeopleToken = "people-0123456789abcdef0123";
    private const string WorkerToken = "workers-0123456789abcdef012";

    private static AccessGate Gate => new(new AccessToken(PeopleToken, "a test"), new AccessToken(WorkerToken, "a test"));

    [Theory]
    [InlineData(null, StatusCode.Unauthenticated)]
    [InlineData("nonsense-0123456789abcdef", StatusCode.Unauthenticated)]
    [InlineData(WorkerToken, StatusCode.PermissionDenied)]
    public async Task List_WithoutThePeoplesToken_IsRefused(string? token, StatusCode code)
    {
        await using var coordinator = await RunningCoordinator.StartAsync(Gate);

        var refused = await Assert.ThrowsAsync<RpcException>(
            async () => await coordinator.Runs.ListAsync(new ListRequest(), Headers(token), cancellationToken: TestContext.Current.CancellationToken));

        Assert.Equal(code, refused.StatusCode);
        Assert.Contains("--token-file", refused.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Calls_WithTheirTokens_AreServed()
    {
        await using var coordinator = await RunningCoordinator.StartAsync(Gate);

        var list = await coordinator.Runs.ListAsync(new ListRequest(), Headers(PeopleToken), cancellationToken: TestContext.Current.CancellationToken);
        await using var worker = new FakeWorker(coordinator.Fleet, "w0", headers: Headers(WorkerToken));

        Assert.Empty(list.Runs);
        await worker.Probed.WaitAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Attach_WithAWrongToken_IsRefused()
    {
        await using var coordinator = await RunningCoordinator.StartAsync(Gate);
        await using var worker = new FakeWorker(coordinator.Fleet, "w0", headers: Headers("nonsense-0123456789abcdef"));

        Assert.Equal(StatusCode.Unauthenticated, (await worker.Ended.WaitAsync(TestContext.Current.CancellationToken)).StatusCode);
    }

    [Fact]
    public async Task Attach_ThenSilence_EndsWithTheLease()
    {
        await using var coordinator = await RunningCoordinator.StartAsync(fleet: new FleetSettings { LeaseLength = TimeSpan.FromSeconds(1) });
        await using var worker = new FakeWorker(coordinator.Fleet, "w0");

        var ended = await worker.Ended.WaitAsync(TestContext.Current.CancellationToken);

        Assert.Equal(StatusCode.Aborted, ended.StatusCode);
        Assert.Contains("no heartbeat for", ended.Detail, StringComparison.Ordinal);
    }

    /// <summary>Every endpoint that is mapped, and some that are not, spelt in many ways.</summary>
    [Fact]
    public async Task Endpoints_HoweverTheyAreSpelt_AskForAToken()
    {
        await using var coordinator = await RunningCoordinator.StartAsync(Gate);
        using var http = new HttpClient(new SocketsHttpHandler());
        string[] guarded = [.. coordinator.Endpoints.Select(PathOf).Where(path => !IsOpen(path)).Distinct(), "/", "/atelier.v1.Runs/Nothing", "/metrics", "/a/b/c"];
        Assert.Contains("/atelier.v1.Runs/List", guarded);
        Assert.Contains("/atelier.v1.Fleet/Attach", guarded);

        foreach (var path in guarded.SelectMany(Spellings).Distinct())
        {
            using var request = EmptyCall(coordinator, path);
            using var response = await http.SendAsync(request, TestContext.Current.CancellationToken);
            await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken);

            var status = response.Headers.Concat(response.TrailingHeaders).FirstOrDefault(header => header.Key == "grpc-status").Value?.Single();
            Assert.True(status == $"{(int)StatusCode.Unauthenticated}", $"{path} without a token: HTTP {(int)response.StatusCode}, grpc-status {status ?? "none"}");
        }
    }

    /// <summary>Every endpoint that is mapped, as browsers and scripts call it: nothing is shown, and it is said what to do.</summary>
    [Fact]
    public async Task Endpoints_OverHttp1WithoutAToken_SayWhatToDo()
    {
        await using var coordinator = await RunningCoordinator.StartAsync(Gate);
        using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false });
        var guarded = coordinator.Endpoints.Where(endpoint => !IsOpen(PathOf(endpoint)))
            .SelectMany(endpoint => (endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? ["GET"]).Select(method => (Method: method, Path: PathOf(endpoint)))).Distinct().ToList();
        Assert.Contains(("POST", "/api/runs/x/cancel"), guarded);
        Assert.Contains(("GET", "/"), guarded);

        foreach (var (method, path) in guarded)
        {
            foreach (var token in (string?[])[null, WorkerToken])
            {
                using var request = new HttpRequestMessage(new(method), new Uri(coordinator.Address, path));
                if (method == "POST") request.Content = new StringContent("{}", System.Text.Encoding.UTF8, "application/json");
                if (token is not null) request.Headers.Authorization = new("Bearer", token);
                using var response = await http.SendAsync(request, TestContext.Current.CancellationToken);
                var body = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);

                // What does not exist may be asked for with any token.
                var isUnknown = path.Contains("atelier.v1", StringComparison.Ordinal) || path == "/x/x";
                var expected = token is null ? HttpStatusCode.Unauthorized : HttpStatusCode.Forbidden;
                Assert.True(response.StatusCode == expected || token is not null && isUnknown, $"{method} {path} with {(token is null ? "no token" : "the workers' token")}: HTTP {(int)response.StatusCode} {body}");
                if (response.StatusCode == expected) Assert.Contains("-token-file", body, StringComparison.Ordinal);
            }
        }
    }

    private static string PathOf(RouteEndpoint endpoint) => "/" + Regex.Replace(endpoint.RoutePattern.RawText!, "{[^}]*}", "x").TrimStart('/');

    /// <summary>What tells nothing about runs: health, where one signs in, and files that are the same everywhere.</summary>
    private static bool IsOpen(string path) => path.Contains("grpc.health", StringComparison.Ordinal) || path is "/sign-in" or "/sign-out" || path.StartsWith("/assets/", StringComparison.Ordinal);

    private static IEnumerable<string> Spellings(string path) =>
    [
        path, path.ToLowerInvariant(), path.ToUpperInvariant(), path + "/", "/" + path, path.Replace("/", "//", StringComparison.Ordinal), path + "?x=1",
        path.Replace("a", "%61", StringComparison.Ordinal), path.Replace(".", "%2E", StringComparison.Ordinal), "/x/.." + path, path.Replace("R", "r", StringComparison.Ordinal),
    ];

    [Theory]
    [InlineData(PeopleToken)]
    [InlineData(WorkerToken)]
    public async Task UnknownMethod_WithAToken_IsUnimplemented(string token)
    {
        await using var coordinator = await RunningCoordinator.StartAsync(Gate);
        using var http = new HttpClient(new SocketsHttpHandler());
        using var request = EmptyCall(coordinator, "/atelier.v1.Nothing/List");
        request.Headers.Add("authorization", $"Bearer {token}");
        using var response = await http.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal($"{(int)StatusCode.Unimplemented}", response.Headers.GetValues("grpc-status").Single());
    }

    [Fact]
    public async Task Start_BeyondLoopbackWithoutTls_IsRefused()
    {
        await using var file = new SqliteFile();
        await using var database = file.Open();
        var options = new CoordinatorOptions { Listen = [ListenAddress.Parse("*:0")], Database = database, Gate = Gate };

        var refused = await Assert.ThrowsAsync<UserErrorException>(() => CoordinatorServer.StartAsync(options, new("test", []), TimeProvider.System, TestContext.Current.CancellationToken));

        Assert.Contains("--tls-cert", refused.Message, StringComparison.Ordinal);
    }

    /// <summary>A gRPC call of an empty message, to a path that no client would take.</summary>
    private static HttpRequestMessage EmptyCall(RunningCoordinator coordinator, string path) => new(HttpMethod.Post, new Uri(coordinator.Address.GetLeftPart(UriPartial.Authority) + path))
    {
        Version = HttpVersion.Version20,
        VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        Content = new ByteArrayContent([0, 0, 0, 0, 0]) { Headers = { ContentType = new("application/grpc") } },
    };

    private static Metadata Headers(string? token) => token is null ? [] : new Metadata { { "authorization", $"Bearer {token}" } };
}
