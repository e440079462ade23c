using System.CommandLine;
using Atelier.Core;
using Atelier.Training.Numerics;
using static TorchSharp.torch;

namespace Atelier.Cli.Commands;

/// <summary>Where to compute, as people name it.</summary>
internal static class DeviceOption
{
    public static Option<string> Create() => new("--device") { Description = "cpu, cuda or cuda:N", DefaultValueFactory = _ => "cpu" };

    /// <summary>The device of a name, for a process that opens it later.</summary>
    /// <exception cref="UserErrorException">There is none of that name, or it is not there.</exception>
    public static ComputeDevice Parse(string name)
    {
        var device = ComputeDevice.Parse(name);
        device.Require();
        return device;
    }

    /// <summary>The device of a name. Asks libtorch, so the numerics must be fixed before.</summary>
    /// <exception cref="UserErrorException">There is none of that name, or it is not there.</exception>
    public static Device Find(string name) => ComputeDevice.Parse(name).Open();
}
