using Atelier.Core;
using Atelier.Kubernetes.Api;
using Atelier.TestKit;

namespace Atelier.Kubernetes.Tests.Api;

/// <summary>Kubeconfig files that do not fit.</summary>
public sealed class ClusterAccessTests
{
    [Theory]
    [InlineData(null, "kubeconfig file")]
    [InlineData("", "is not valid")]
    [InlineData("clusters: [", "is not valid")]
    [InlineData("apiVersion: v1\nkind: Config\n", "is not valid")]
    [InlineData("apiVersion: v1\nkind: Config\ncurrent-context: gone\nclusters: []\nusers: []\ncontexts: []\n", "is not valid")]
    [InlineData("apiVersion: v1\nkind: Config\ncurrent-context: c\nclusters: [{name: k, cluster: {server: nowhere}}]\nusers: []\ncontexts: [{name: c, context: {cluster: k}}]\n", "is not valid")]
    [InlineData("apiVersion: v1\nkind: Config\ncurrent-context: c\nclusters: [{name: k, cluster: {server: \"https://127.0.0.1:1\", certificate-authority: /nowhere/ca.crt}}]\nusers: []\ncontexts: [{name: c, context: {cluster: k}}]\n", "is not valid")]
    public void Find_AFileThatDoesNotFit_NamesIt(string? content, string complaint)
    {
        using var folder = new TemporaryFolder();
        if (content is not null) File.WriteAllText(folder["config"], content);
        var mistake = Assert.Throws<UserErrorException>(() => ClusterAccess.Find(folder["config"], null, null));
        Assert.Contains(complaint, mistake.Message);
        Assert.Contains(folder["config"], mistake.Message);
    }

    [Fact]
    public void Find_AContextThatIsNotThere_NamesIt()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["config"], Config);
        Assert.Contains("other", Assert.Throws<UserErrorException>(() => ClusterAccess.Find(folder["config"], "other", null)).Message);
    }

    [Fact]
    public async Task List_WhereNobodyAnswers_SaysWhere()
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder["config"], Config, TestContext.Current.CancellationToken);
        using var api = new KubernetesApi(ClusterAccess.Find(folder["config"], null, "training"), TimeProvider.System);
        var error = await Assert.ThrowsAsync<KubernetesApiException>(() => api.ListAsync(ResourceKind.TrainingRuns, "", TestContext.Current.CancellationToken));
        Assert.Contains("cannot reach the API server at http://127.0.0.1:1", error.Message);
        Assert.True(error.IsPassing);
    }

    private const string Config = "apiVersion: v1\nkind: Config\ncurrent-context: c\nclusters: [{name: k, cluster: {server: \"http://127.0.0.1:1\"}}]\nusers: []\ncontexts: [{name: c, context: {cluster: k}}]\n";
}
