using System.Net;
using System.Text;
using Atelier.Core.Access;
using Atelier.Coordinator.Tests.Hosting;
using Atelier.TestKit;

namespace Atelier.Dashboard.Tests.Api;

/// <summary>Browsers that sign in, and what other sites cannot do with them.</summary>
public sealed class SessionTests
{
    private const string Token = "people-0123456789abcdef0123";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task SignIn_WithTheToken_GivesACookieThatIsNoToken()
    {
        await using var coordinator = await StartAsync();
        using var http = Client(coordinator.Address);

        using var refused = await SendAsync(http, HttpMethod.Post, "/sign-in", """{"token":"nonsense-0123456789abcdef"}""");
        using var accepted = await SendAsync(http, HttpMethod.Post, "/sign-in", $$"""{"token":"{{Token}}"}""");
        var cookie = Assert.Single(accepted.Headers.GetValues("set-cookie"));

        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.NoContent), (refused.StatusCode, accepted.StatusCode));
        Assert.False(refused.Headers.Contains("set-cookie"));
        Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("samesite=strict", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(Token, cookie, StringComparison.Ordinal);
        using var page = await SendAsync(http, HttpMethod.Get, "/", cookie: cookie);
        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
        Assert.Contains("frame-ancestors 'none'", Assert.Single(page.Headers.GetValues("content-security-policy")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Session_OfOneReplica_IsTakenByAnother()
    {
        await using var first = await StartAsync();
        await using var second = await StartAsync();
        using var http = Client(first.Address);
        using var accepted = await SendAsync(http, HttpMethod.Post, "/sign-in", $$"""{"token":"{{Token}}"}""");
        using var other = Client(second.Address);

        // As through a balancer, whose address the browser knows.
        using var response = await SendAsync(other, HttpMethod.Get, "/api/runs", cookie: Assert.Single(accepted.Headers.GetValues("set-cookie")), header: ("host", first.Address.Authority));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{0}x")]
    [InlineData("9{0}")]
    [InlineData("4102444800.abc")]
    public async Task Cookie_ThatSomebodyMadeUp_IsNone(string made)
    {
        await using var coordinator = await StartAsync();
        using var http = Client(coordinator.Address);
        using var accepted = await SendAsync(http, HttpMethod.Post, "/sign-in", $$"""{"token":"{{Token}}"}""");
        var (name, value) = Assert.Single(accepted.Headers.GetValues("set-cookie")).Split(';')[0].Split('=', 2) is [var left, var right] ? (left, right) : default;

        using var response = await SendAsync(http, HttpMethod.Get, "/api/runs", cookie: $"{name}={made.Replace("{0}", value, StringComparison.Ordinal)}");

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
    }

    [Theory]
    [InlineData("origin", "https://evil.example", "application/json", HttpStatusCode.Forbidden)]
    [InlineData("sec-fetch-site", "cross-site", "application/json", HttpStatusCode.Forbidden)]
    [InlineData("sec-fetch-site", "same-site", "application/json", HttpStatusCode.Forbidden)]
    [InlineData("origin", "null", "application/json", HttpStatusCode.Forbidden)]
    [InlineData("sec-fetch-site", "same-origin", "text/plain", HttpStatusCode.UnsupportedMediaType)]
    [InlineData("sec-fetch-site", "same-origin", "application/json", HttpStatusCode.NotFound)]
    public async Task Command_FromAnotherSitesPage_IsRefused(string header, string value, string content, HttpStatusCode status)
    {
        await using var coordinator = await StartAsync();
        using var http = Client(coordinator.Address);
        using var accepted = await SendAsync(http, HttpMethod.Post, "/sign-in", $$"""{"token":"{{Token}}"}""");

        using var response = await SendAsync(http, HttpMethod.Post, "/api/runs/nothing/cancel", "{}", Assert.Single(accepted.Headers.GetValues("set-cookie")), content, (header, value));

        Assert.Equal(status, response.StatusCode);
    }

    [Fact]
    public async Task Page_WithoutASession_LeadsToSigningInAndBack()
    {
        await using var coordinator = await StartAsync();
        using var http = Client(coordinator.Address);

        using var response = await SendAsync(http, HttpMethod.Get, "/runs/faces?x=1", header: ("accept", "text/html"));
        using var open = await SendAsync(http, HttpMethod.Get, "/sign-in?then=//evil.example");

        Assert.Equal((HttpStatusCode.SeeOther, "/sign-in?then=%2Fruns%2Ffaces%3Fx%3D1"), (response.StatusCode, response.Headers.Location!.OriginalString));
        Assert.Contains("data-then=\"/\"", await open.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Dashboard_WithoutAToken_AnswersToNamesOfThisMachineOnly()
    {
        using var folder = new TemporaryFolder();
        await using var dashboard = await FolderDashboard.StartAsync(folder.Path, 0, TimeProvider.System);
        using var http = Client(dashboard.Address);

        using var foreign = await SendAsync(http, HttpMethod.Get, "/api/runs", header: ("host", "rebound.example"));
        using var own = await SendAsync(http, HttpMethod.Get, "/api/runs");
        using var command = await SendAsync(http, HttpMethod.Post, "/api/runs", "{}");

        Assert.Equal((HttpStatusCode.MisdirectedRequest, HttpStatusCode.OK, HttpStatusCode.MethodNotAllowed), (foreign.StatusCode, own.StatusCode, command.StatusCode));
    }

    private static Task<RunningCoordinator> StartAsync() => RunningCoordinator.StartAsync(new AccessGate(new AccessToken(Token, "a test"), null));

    private static HttpClient Client(Uri address) => new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = address };

    private static async Task<HttpResponseMessage> SendAsync(
        HttpClient http, HttpMethod method, string path, string? body = null, string? cookie = null, string content = "application/json", (string Name, string Value)? header = null)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null) request.Content = new StringContent(body, Encoding.UTF8, content);
        if (cookie is not null) request.Headers.Add("cookie", cookie.Split(';')[0]);
        if (header is { } extra) request.Headers.Add(extra.Name, extra.Value);
        return await http.SendAsync(request, Cancellation);
    }
}
