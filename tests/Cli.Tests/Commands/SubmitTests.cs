using Atelier.Cli.Cluster;
using Atelier.Core;
using Atelier.TestKit;

namespace Atelier.Cli.Tests.Commands;

/// <summary>Mistakes of people's commands that are found before any coordinator is asked.</summary>
public sealed class SubmitTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("--data photos --out /runs/a", "--data photos", "photos")]
    [InlineData("--data /data --out runs/a", "--out runs/a", "runs/a")]
    [InlineData("--data /data --out /runs/a --init ../net.safetensors", "--init ../net.safetensors", "net.safetensors")]
    public void Submit_ARelativePath_IsRefusedWithTheAbsoluteOne(string options, string names, string end)
    {
        var result = Submit(options.Split(' '));

        Complaint.IsOf(result, names, Path.GetFullPath(end == "net.safetensors" ? "../net.safetensors" : end));
    }

    [Theory]
    [InlineData("""{ "data": "/data", "out": "/runs/a", "bacth": 8 }""", "`bacth`", "`batch`")]
    [InlineData("""{ "data": "/data", "out": "/runs/a", "priority": "high" }""", "`priority`", "high")]
    [InlineData("""{ "data": "/data" }""", "--out", "`out`")]
    [InlineData("[]", "object", "options")]
    [InlineData("{", "line 1", "JSON")]
    public void Submit_AFileThatCannotBe_IsRefusedWithWhatIsWrong(string json, params string[] parts)
    {
        File.WriteAllText(_folder["run.json"], json);

        Complaint.IsOf(Submit("-f", _folder["run.json"]), parts);
    }

    [Fact]
    public void Submit_WithoutACoordinator_SaysHowToNameOne() =>
        Complaint.IsOf(AtelierProcess.Run("submit", "faces", "--data", "/data", "--out", "/runs/a"), "--coordinator", "ATELIER_COORDINATOR");

    [Fact]
    public void Submit_ToReplicasOfWhichNoneAnswers_NamesThem()
    {
        var result = AtelierProcess.Run("ls", "--coordinator", $"unix:{_folder["a.sock"]}", "--coordinator", $"unix:{_folder["b.sock"]}");

        Assert.Equal(1, result.ExitCode);
        Assert.Contains("a.sock", Assert.Single(result.Errors), StringComparison.Ordinal);
        Assert.Contains("b.sock", Assert.Single(result.Errors), StringComparison.Ordinal);
    }

    [Fact]
    public void Addresses_OfTheEnvironment_AreSeparatedByCommas()
    {
        Assert.Equal(["http://a:1", "unix:/b"], CoordinatorOption.AddressesOf([], "http://a:1, unix:/b,"));
        Assert.Equal(["http://c:1"], CoordinatorOption.AddressesOf(["http://c:1"], "http://a:1"));
        Assert.Throws<UserErrorException>(() => CoordinatorOption.AddressesOf([], " , "));
    }

    public void Dispose() => _folder.Dispose();

    private static AtelierResult Submit(params string[] options) => AtelierProcess.Run(["submit", "faces", .. options, "--coordinator", "unix:/nowhere.sock"]);
}
