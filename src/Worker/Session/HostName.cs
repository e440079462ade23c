namespace Atelier.Worker.Session;

/// <summary>Which machine this is: workers that name the same one may share memory.</summary>
internal static class HostName
{
    private const string BootId = "/proc/sys/kernel/random/boot_id";

    /// <summary>The machine's name and which start of it this is: containers of one host may have one name, hosts may too.</summary>
    public static string OfThisMachine()
    {
        string boot = File.Exists(BootId) ? File.ReadAllText(BootId).Trim() : "";
        // Containers see the host's boot, but not each other's memory: the namespaces tell them apart.
        string network = File.Exists("/proc/self/ns/net") ? new FileInfo("/proc/self/ns/net").LinkTarget ?? "" : "";
        string processes = File.Exists("/proc/self/ns/pid") ? new FileInfo("/proc/self/ns/pid").LinkTarget ?? "" : "";
        return $"{Environment.MachineName}/{boot}/{network}{processes}";
    }
}
