using System.IO.Compression;
using Grpc.AspNetCore.Server;

namespace Atelier.Grpc.Tests;

/// <summary>grpcio as the client of our server.</summary>
public sealed class PythonClientTests(PythonClientTests.Results results) : IClassFixture<PythonClientTests.Results>
{
    [Theory]
    [InlineData("unary")]
    [InlineData("client_streaming")]
    [InlineData("server_streaming")]
    [InlineData("duplex")]
#if !NAMED_PACKAGES
    [InlineData("duplex_headers")] // the packages send them with the first response
#endif
    [InlineData("status")]
    [InlineData("metadata")]
    [InlineData("deadline")]
    [InlineData("deadline_is_told")]
    [InlineData("cancel")]
    [InlineData("gzip")]
    [InlineData("gzip_bomb")]
    [InlineData("request_too_large")]
    [InlineData("response_too_large")]
    [InlineData("unknown_method")]
    [InlineData("exception")]
    [InlineData("garbage")]
    public void Server_CalledByGrpcio_Answers(string name)
    {
        Peers.SkipWithoutGrpc();
        var said = results.Lines.GetValueOrDefault(name, "the client did not come to it");
        Assert.True(said == "ok", said);
    }

    /// <summary>What one run of the client says about each case.</summary>
    public sealed class Results : IAsyncLifetime
    {
        public Dictionary<string, string> Lines { get; } = [];

        public async ValueTask InitializeAsync()
        {
            if (!Peers.AreThere) return;
            await using var server = await ProbeServer.StartAsync(options =>
            {
                options.MaxSendMessageSize = 8 * 1024 * 1024;
                options.ResponseCompressionAlgorithm = "gzip";
                options.ResponseCompressionLevel = CompressionLevel.Fastest;
            });
            using var client = Peers.Run("client.py", server.Address.Authority);
            while (await client.StandardOutput.ReadLineAsync() is { } line)
            {
                var parts = line.Split('\t', 2);
                Lines[parts[0]] = parts[1];
            }
            await client.WaitForExitAsync();
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
