using System.Diagnostics;
using System.Globalization;

namespace Atelier.Grpc.Tests;

/// <summary>Our client against grpcio's server.</summary>
public sealed class PythonServerCallTests(PythonServerCallTests.Host host) : CallTests, IClassFixture<PythonServerCallTests.Host>
{
    protected override Uri Server()
    {
        Peers.SkipWithoutGrpc();
        return host.Address;
    }

    /// <summary>One server for the class.</summary>
    public sealed class Host : IAsyncLifetime
    {
        private Process? _server;

        public Uri Address { get; private set; } = new("http://127.0.0.1");

        public async ValueTask InitializeAsync()
        {
            if (!Peers.AreThere) return;
            _server = Peers.Run("server.py");
            var port = await _server.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("server.py did not start");
            Address = new Uri($"http://127.0.0.1:{int.Parse(port, CultureInfo.InvariantCulture)}");
        }

        public async ValueTask DisposeAsync()
        {
            if (_server is null) return;
            _server.StandardInput.Close();
            await _server.WaitForExitAsync();
            _server.Dispose();
        }
    }
}
