using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using Atelier.Grpc.Tests.V1;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;

namespace Atelier.Grpc.Tests;

/// <summary>Bytes that no gRPC client sends: each gets an answer at once, and none says how the server is built.</summary>
public sealed class BadRequestTests
{
    private const string Path = "/atelier.tests.v1.Probe/Unary";

#if NAMED_PACKAGES
    private const bool HasOtherCodes = true; // the packages' for some of these
#else
    private const bool HasOtherCodes = false;
#endif

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string, byte[], int> Bodies => new()
    {
        { "nothing", [], 13 },
        { "a header cut short", [0, 0, 0], 13 },
        { "a message cut short", [0, 0, 0, 0, 9, 1], 13 },
        { "an unknown flag", [7, 0, 0, 0, 0], 13 },
        { "a length of 4 GB", [0, 0xFF, 0xFF, 0xFF, 0xFF], 8 },
        { "two messages", [0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 13 },
        { "a compressed message in a plain call", [1, 0, 0, 0, 1, 0], 13 },
        { "no protobuf", [0, 0, 0, 0, 2, 0xFF, 0xFF], 13 },
    };

    [Theory]
    [MemberData(nameof(Bodies))]
    public async Task Body_ThatIsNoCall_GetsAStatus(string what, byte[] body, int status)
    {
        await using var server = await ProbeServer.StartAsync();

        using var response = await PostAsync(server, Path, body);

        await response.Content.ReadAsByteArrayAsync(Token);
        var said = StatusOf(response);
        Assert.True(said is not (null or "0"), what);
        Assert.True(said == $"{status}" || HasOtherCodes, $"{what}: {said}");
        Assert.DoesNotContain("   at ", response.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Deadline_WithAHandlerThatIsStuck_IsToldAllTheSame()
    {
        await using var server = await ProbeServer.StartAsync();

        // The client only says the deadline; it keeps none of its own.
        using var response = await PostAsync(server, Path, [0, 0, 0, 0, 7, 0x0A, 5, .. "stuck"u8], ("grpc-timeout", "200m"));

        Assert.Equal("4", StatusOf(response));
        server.Witness.Release.SetResult();
    }

    [Fact]
    public async Task Deadline_WithAClientThatDoesNotRead_EndsTheCall()
    {
        var over = new TaskCompletionSource();
        await using var server = await ProbeServer.StartAsync(map: application => application.Use(async (context, next) =>
        {
            await next(context);
            over.TrySetResult();
        }));

        using var client = new HttpClient();
        using var request = Request(server, "/atelier.tests.v1.Probe/Expand", [0, 0, 0, 0, 10, 0x0A, 4, .. "much"u8, 0x10, 0xFF, 0xFF, 0x03], ("grpc-timeout", "1S"));
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Token);

        await server.Witness.Ended.Task.WaitAsync(Token);
        await over.Task.WaitAsync(Token);
    }

#if !NAMED_PACKAGES
    // The packages ask for the encoding when a message says that it is compressed, and not before.
    [Fact]
    public async Task Encoding_ThatIsUnknown_IsUnimplemented()
    {
        await using var server = await ProbeServer.StartAsync();

        using var response = await PostAsync(server, Path, [0, 0, 0, 0, 0], ("grpc-encoding", "snappy"));

        Assert.Equal("12", StatusOf(response));
        Assert.Contains("gzip", Assert.Single(response.Headers.GetValues("grpc-accept-encoding")), StringComparison.Ordinal);
    }
#endif

    [Fact]
    public async Task ContentType_ThatIsNotGrpc_IsRefused()
    {
        await using var server = await ProbeServer.StartAsync();

        using var response = await PostAsync(server, Path, [], type: "application/json");

        Assert.Equal(HttpStatusCode.UnsupportedMediaType, response.StatusCode);
    }

    [Fact]
    public async Task Connection_ThatSpeaksNoHttp2_IsClosedAndHarmsNobody()
    {
        await using var server = await ProbeServer.StartAsync();
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, server.Address.Port, Token);
        var garbage = new byte[1000];
        new Random(1).NextBytes(garbage);
        await client.GetStream().WriteAsync(garbage, Token);

        // Ends, by a close or a reset, which is all that garbage can expect.
        try
        {
            await client.GetStream().CopyToAsync(Stream.Null, Token);
        }
        catch (IOException)
        {
        }

        using var channel = GrpcChannel.ForAddress(server.Address);
        Assert.Equal("x", (await new Probe.ProbeClient(channel).UnaryAsync(new ProbeMessage { Text = "x" }, cancellationToken: Token)).Text);
    }

    private static string? StatusOf(HttpResponseMessage response) =>
        (response.TrailingHeaders.TryGetValues("grpc-status", out var values) || response.Headers.TryGetValues("grpc-status", out values)) ? values.Single() : null;

    private static async Task<HttpResponseMessage> PostAsync(
        ProbeServer server, string path, byte[] body, (string Name, string Value)? header = null, string type = "application/grpc")
    {
        using var client = new HttpClient();
        using var request = Request(server, path, body, header, type);
        return await client.SendAsync(request, Token);
    }

    private static HttpRequestMessage Request(
        ProbeServer server, string path, byte[] body, (string Name, string Value)? header = null, string type = "application/grpc")
    {
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(server.Address, path))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue(type) } },
        };
        if (header is { } extra) request.Headers.TryAddWithoutValidation(extra.Name, extra.Value);
        return request;
    }
}
