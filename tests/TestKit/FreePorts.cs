using System.Net;
using System.Net.Sockets;

namespace Atelier.TestKit;

/// <summary>Ports of this machine that nobody uses at the moment.</summary>
public static class FreePorts
{
    /// <summary>One of them.</summary>
    public static int Take()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
