using Atelier.Coordinator.Hosting;
using Atelier.Core;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;

namespace Atelier.Coordinator.Tests.Hosting;

/// <summary>People's mistakes keep their type on the way from one replica to another: whoever called decides by it.</summary>
public sealed class GrainErrorTests : IDisposable
{
    private readonly ServiceProvider _services;

    public GrainErrorTests()
    {
        var services = new ServiceCollection();
        ReplicaSilo.AddMessages(services);
        _services = services.BuildServiceProvider();
    }

    public static TheoryData<Type> Mistakes =>
        [.. typeof(UserErrorException).Assembly.GetExportedTypes().Where(type => type.IsAssignableTo(typeof(UserErrorException)))];

    [Theory]
    [MemberData(nameof(Mistakes))]
    public void Mistake_FromAnotherReplica_KeepsItsTypeAndMessage(Type type)
    {
        var serializer = _services.GetRequiredService<Serializer>();
        var mistake = Thrown((UserErrorException)Activator.CreateInstance(type, "what to change")!);

        var arrived = serializer.Deserialize<Exception>(serializer.SerializeToArray<Exception>(mistake));

        Assert.IsType(type, arrived);
        Assert.Equal("what to change", arrived.Message);
    }

    [Fact]
    public void Mistakes_OfTheCore_HaveATest() => Assert.True(Mistakes.Count > 3);

    public void Dispose() => _services.Dispose();

    /// <summary>With a stack trace, as it comes out of a grain.</summary>
    private static UserErrorException Thrown(UserErrorException mistake)
    {
        try
        {
            throw mistake;
        }
        catch (UserErrorException caught)
        {
            return caught;
        }
    }
}
