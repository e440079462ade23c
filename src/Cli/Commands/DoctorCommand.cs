using System.CommandLine;
using System.Globalization;
using System.Runtime.InteropServices;
using Atelier.Core;
using Atelier.Training.Data;
using Atelier.Training.Imaging;
using Atelier.Training.Interop;
using Atelier.Training.Numerics;
using Atelier.Training.Ops;
using static TorchSharp.torch;

namespace Atelier.Cli.Commands;

/// <summary><c>atelier doctor</c>: what is installed, which device and kernels run, and whether every kernel agrees with its plain version.</summary>
internal static class DoctorCommand
{
    public static Command Create()
    {
        var device = DeviceOption.Create();
        var command = new Command("doctor", "Show what is installed, and check the kernels against their plain versions") { device };
        command.SetAction(parsed => Run(parsed.GetValue(device)!));
        return command;
    }

    private static int Run(string deviceName)
    {
        NumericsEnvironment.Apply(threads: 1);
        var named = ComputeDevice.Parse(deviceName);
        var numerics = NumericsProbe.Measure(ComputeDevice.Cpu);
        Row("system", $"{RuntimeInformation.OSDescription}, {Counted.Of(Environment.ProcessorCount, "core")}, {GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (double)(1L << 30):0.0} GiB");
        Row(".NET", RuntimeInformation.FrameworkDescription);
        Row("libtorch", TorchLibrary.OtherFolder is { } folder ? $"{numerics.Libtorch}, from ATELIER_LIBTORCH={folder}" : numerics.Libtorch);
        Row("numerics", $"version {numerics.Version}");
        Row("TorchSharp", TorchLibrary.Loading == TorchLoading.Adapted
            ? $"native library needs a newer C++ library than this system has; using an adapted copy in {TorchLibrary.CacheFolder}"
            : "native library loads unchanged");
        Row("CPU kernels", OpKernels.WhyPlain(ComputeDevice.Cpu) ?? $"{OpKernels.InstructionSet}; results are bit-identical with any of them");
        if (!TorchLibrary.ProcessorHasAvx2)
            Row("", "this processor has no AVX2, so libtorch's own sums differ: runs on this machine are not bit-identical to runs on others");
        bool cuda = cuda_is_available();
        Row("CUDA", cuda ? "available" : "not available: `atelier doctor --device cuda` shows what is missing");
        if (named.Type == TorchSharp.DeviceType.CUDA)
        {
            foreach (var (what, found, text) in GpuSurvey.Of(named))
                Row($"CUDA {what}", $"{(found ? "found" : "missing")}: {text}");
        }
        var device = named.Open();
        if (named.Type == TorchSharp.DeviceType.CUDA)
            Row("CUDA kernels", OpKernels.WhyPlain(named) ?? "compiled and loaded");

        Console.WriteLine();
        Console.WriteLine($"ops on {device} against their plain versions in float32, largest relative difference:");
        Console.WriteLine($"         {"",-22} value    gradient  gradient of gradient");
        bool passed = true;
        foreach (var check in OpSelfCheck.Run(device))
        {
            passed &= check.Passed;
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"  {(check.Passed ? "ok    " : "FAILED")} {check.Op,-22} {check.Value:0.0e+00}  {check.Gradient:0.0e+00}  {check.SecondGradient:0.0e+00}"));
        }
        return passed ? ExitCode.Success : ExitCode.Mismatch;
    }

    private static void Row(string what, string value) => Console.WriteLine($"{what,-14} {value}");
}
