namespace Atelier.Grpc.Tests;

/// <summary>Our client against our server.</summary>
public sealed class OwnServerCallTests(OwnServerCallTests.Host host) : CallTests, IClassFixture<OwnServerCallTests.Host>
{
    protected override Uri Server() => host.Address;

    /// <summary>One server for the class.</summary>
    public sealed class Host : IAsyncLifetime
    {
        private ProbeServer? _server;

        public Uri Address => _server!.Address;

        public async ValueTask InitializeAsync() => _server = await ProbeServer.StartAsync(options => options.ResponseCompressionAlgorithm = "gzip");

        public async ValueTask DisposeAsync() => await _server!.DisposeAsync();
    }
}
