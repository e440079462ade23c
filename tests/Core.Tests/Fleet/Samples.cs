using Atelier.Core.Fleet;
using Atelier.Core.Fleet.Membership;

namespace Atelier.Core.Tests.Fleet;

/// <summary>Workers and moments to write histories with.</summary>
internal static class Samples
{
    public static DateTimeOffset T0 { get; } = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static DateTimeOffset At(double seconds) => T0.AddSeconds(seconds);

    public static WorkerId Worker(string name) => new(name);

    public static WorkerCapabilities Capabilities(string numerics = "n1") =>
        new(FleetSettings.CurrentProtocol, numerics, "cpu", 1 << 30, "http://127.0.0.1:1", "host");

    public static Member Admitted(string name, string numerics = "n1") =>
        new(new(name), 1, Capabilities(numerics), MemberStatus.Admitted, new(At(10)), T0);
}
